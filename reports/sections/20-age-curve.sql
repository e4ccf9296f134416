-- SPDX-License-Identifier: MIT
-- Idle memory by age
-- about: If pages that were idle for tau are reclaimed, a device that comes back to one takes an I/O page fault. Without CPU rows in the trace these are upper bounds for reclaim by age. The shaded band is the 95 % interval; ages without a fault show its upper end alone.
-- panel: 3
-- series: 1
-- column: tau_ns age (tau)
-- column: refaults_per_day faults a day
-- column: low a day, at least
-- column: high a day, at most (95 %)
-- column: access access model
-- column: cpu CPU rows
-- column: reclaimable_bytes reclaimable
WITH c AS MATERIALIZED (SELECT cfg_hash, trace, design, config_get(canon, 'cpu') AS cpu, config_get(canon, 'access') AS access
 FROM cfg WHERE command = 'age' AND config_get(canon, 'device') = 'total')
SELECT trace, design, cpu, access, bucket AS tau_ns, max(value) FILTER (WHERE metric = 'refaults') AS refaults,
 max(value) FILTER (WHERE metric = 'refaults_per_day') AS refaults_per_day,
 max(value) FILTER (WHERE metric = 'refaults_per_day_low') AS low,
 max(value) FILTER (WHERE metric = 'refaults_per_day_high') AS high,
 max(value) FILTER (WHERE metric = 'reclaimable_pages') * 4096 AS reclaimable_bytes,
 max(value) FILTER (WHERE metric = 'active_pages') * 4096 AS active_bytes
FROM c JOIN result USING (cfg_hash) WHERE bucket > 0
GROUP BY cfg_hash, bucket ORDER BY trace, design, cpu, access <> 'near', access, bucket

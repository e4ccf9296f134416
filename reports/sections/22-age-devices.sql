-- SPDX-License-Identifier: MIT
-- Which device comes back
-- about: The same by device: who ends the idle time of a page has the fault, so devices sum to the total. A shared page counts for each of its devices.
-- panel: 2
-- series: 1
-- column: tau_ns age (tau)
-- column: refaults_per_day faults a day
-- column: cold_bytes idle that long
-- column: active_bytes in use
-- fold: yes
WITH a AS MATERIALIZED (SELECT cfg_hash, trace, design, config_get(canon, 'device') AS device, config_get(canon, 'access') AS access
 FROM cfg WHERE command = 'age'),
c AS (SELECT *, count(*) OVER (PARTITION BY trace, design) AS devices FROM a
 WHERE device NOT IN ('total', 'cpu') AND access = (SELECT access FROM a ORDER BY access <> 'near', access LIMIT 1))
SELECT trace, design, device, bucket AS tau_ns, max(value) FILTER (WHERE metric = 'refaults') AS refaults,
 max(value) FILTER (WHERE metric = 'refaults_per_day') AS refaults_per_day,
 max(value) FILTER (WHERE metric = 'cold_pages') * 4096 AS cold_bytes,
 max(value) FILTER (WHERE metric = 'active_pages') * 4096 AS active_bytes
FROM c JOIN result USING (cfg_hash) WHERE devices > 1 AND bucket > 0
GROUP BY cfg_hash, bucket ORDER BY trace, design, device, bucket

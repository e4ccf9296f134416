-- SPDX-License-Identifier: MIT
-- Faults and memory over time
-- about: Of configurations that were explained (pin --explain or --plot-timeline with --results): I/O page faults in the worst second of each step and major faults of the guest's CPU a second, and what is in memory and pinned.
-- panel: 6
-- series: 1
-- column: overcommit_ppm overcommit
-- column: cpu guest's CPU
-- column: budget_bytes budget
-- column: at_ns from the first access
-- column: value faults/s
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, run_id, trace, design, CAST(config_get(canon, 'overcommit_ppm') AS INTEGER) AS overcommit_ppm,
  config_get(canon, 'cpu') AS cpu, config_get(canon, 'policy') AS policy,
  CAST(config_get(canon, 'budget_pages') AS INTEGER) * 4096 AS budget_bytes
 FROM cfg JOIN result USING (cfg_hash) WHERE command = 'pin' AND metric = 'time.bin_ns'),
w(metric, place, what) AS (VALUES ('time.nic.iopf_max_1s', 0, 'IOPF of NICs'), ('time.block.iopf_max_1s', 1, 'IOPF of block devices'),
 ('time.other.iopf_max_1s', 2, 'IOPF of other devices'), ('time.cpu_major', 3, 'guest CPU'),
 ('time.resident_pages', 4, 'in memory'), ('time.pinned_pages', 5, 'pinned'))
SELECT trace, design, overcommit_ppm, cpu, policy, budget_bytes, what, bucket AS at_ns,
 CASE WHEN place < 3 THEN value WHEN place = 3 THEN scaled(value, 1000000000, (SELECT value FROM result b
  WHERE b.cfg_hash = c.cfg_hash AND b.metric = 'time.bin_ns')) END AS value,
 iif(place > 3, value * 4096, NULL) AS memory_bytes
FROM c JOIN result USING (cfg_hash) JOIN w USING (metric)
ORDER BY run_id, trace, design, overcommit_ppm, cpu, policy, budget_bytes, place, bucket

-- SPDX-License-Identifier: MIT
-- Pareto: memory given back against faults
-- about: Configurations on the front give back more than any other with as few I/O page faults. CPU faults of the guest are not part of it: they are in the table.
-- panel: 3
-- series: 1
-- column: iopf IOPF
-- column: cpu_major CPU major faults
-- column: overcommit_ppm overcommit
-- column: returned_bytes given back
-- column: cpu guest's CPU
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, key, trace, design, config_get(canon, 'cpu') AS cpu,
  config_get(canon, 'policy') AS policy, CAST(config_get(canon, 'overcommit_ppm') AS INTEGER) AS overcommit_ppm,
  CAST(config_get(canon, 'budget_pages') AS INTEGER) * 4096 AS budget_bytes
 FROM cfg WHERE command = 'pin'),
m AS (SELECT trace, design, key, cpu, policy, overcommit_ppm, budget_bytes,
  CAST(avg(value) FILTER (WHERE metric = 'returned_pages') AS INTEGER) * 4096 AS returned_bytes,
  CAST(round(avg(value) FILTER (WHERE metric = 'total.iopf')) AS INTEGER) AS iopf,
  CAST(round(avg(value) FILTER (WHERE metric = 'cpu_major')) AS INTEGER) AS cpu_major
 FROM c JOIN result USING (cfg_hash) GROUP BY key)
SELECT trace, design, cpu, iif(iopf < coalesce(better, iopf + 1), 'front', 'not on the front') AS place,
 returned_bytes, iopf, policy, overcommit_ppm, budget_bytes, cpu_major
FROM (SELECT *, min(iopf) OVER (PARTITION BY trace, design, cpu ORDER BY returned_bytes DESC, iopf, cpu_major, key
  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS better FROM m)
ORDER BY trace, design, cpu, place, returned_bytes DESC, iopf, policy, budget_bytes

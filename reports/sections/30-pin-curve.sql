-- SPDX-License-Identifier: MIT
-- Faults by what is pinned
-- about: An I/O page fault (IOPF) is a DMA to a page that the host has swapped out; a CPU fault is the guest's own touch of one. Pinned memory is the mean over the trace; figures are means over seeds. Scenarios of the CPU (cold, touched, background) are declared, not observed.
-- panel: 4
-- series: 1
-- column: overcommit_ppm overcommit
-- column: pinned_bytes pinned (mean)
-- column: pinned_max_bytes pinned (most)
-- column: iopf IOPF
-- column: iopf_max_1s IOPF, worst 1 s
-- column: cpu_major CPU major faults
-- column: returned_bytes given back
-- column: cpu guest's CPU
WITH c AS MATERIALIZED (SELECT cfg_hash, key, trace, design, seed, config_get(canon, 'cpu') AS cpu,
  config_get(canon, 'policy') AS policy, CAST(config_get(canon, 'overcommit_ppm') AS INTEGER) AS overcommit_ppm,
  CAST(config_get(canon, 'budget_pages') AS INTEGER) * 4096 AS budget_bytes,
  CAST(config_get(canon, 'vm_pages') AS INTEGER) AS vm_pages
 FROM cfg WHERE command = 'pin')
SELECT trace, design, overcommit_ppm, cpu, policy,
 scaled(CAST(avg(value) FILTER (WHERE metric = 'pinned_mean_ppm') AS INTEGER), 4096 * vm_pages, 1000000) AS pinned_bytes,
 CAST(round(avg(value) FILTER (WHERE metric = 'total.iopf')) AS INTEGER) AS iopf,
 CAST(round(avg(value) FILTER (WHERE metric = 'cpu_major')) AS INTEGER) AS cpu_major,
 max(value) FILTER (WHERE metric = 'total.iopf_max_1s') AS iopf_max_1s, budget_bytes,
 max(value) FILTER (WHERE metric = 'pinned_max') * 4096 AS pinned_max_bytes,
 CAST(avg(value) FILTER (WHERE metric = 'returned_pages') AS INTEGER) * 4096 AS returned_bytes,
 count(*) FILTER (WHERE metric = 'total.iopf') AS seeds
FROM c JOIN result USING (cfg_hash) GROUP BY key
ORDER BY trace, design, overcommit_ppm, cpu, policy = 'none' DESC, policy, budget_bytes

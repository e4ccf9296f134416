-- SPDX-License-Identifier: MIT
-- Whole designs
-- about: Memory given back, I/O page faults and what they do to I/O, page walks and cores, the parts of each design fed by one another. On the front is what no other design beats in everything. Means over seeds.
-- panel: 1
-- series: 1
-- column: iopf IOPF
-- column: iopf_max_1s worst 1 s
-- column: returned_bytes given back
-- column: p9999_ns P99.99 of block I/O
-- column: p9999_base_ns without faults
-- column: cpu_major CPU major faults
-- column: host_cores_ppm host cores
-- column: guest_cores_ppm guest's
-- column: bitmap_bytes on the device
-- column: placed_cycles cycles with walks
-- column: walk_cycles with local tables
-- column: ll_ppm local walks
-- column: run_over_local_ppm time over local
-- column: copies_bytes copies of tables
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace, config_get(canon, 'design') AS name,
  config_get(canon, 'policy') AS policy, config_get(canon, 'overcommit_ppm') AS overcommit FROM cfg WHERE command = 'score')
SELECT trace, name, CAST(avg(value) FILTER (WHERE metric = 'returned_bytes') AS INTEGER) AS returned_bytes,
 CAST(avg(value) FILTER (WHERE metric = 'p9999_ns') AS INTEGER) AS p9999_ns,
 CAST(avg(value) FILTER (WHERE metric = 'p9999_base_ns') AS INTEGER) AS p9999_base_ns,
 CAST(round(avg(value) FILTER (WHERE metric = 'iopf')) AS INTEGER) AS iopf,
 max(value) FILTER (WHERE metric = 'iopf_max_1s') AS iopf_max_1s,
 CAST(round(avg(value) FILTER (WHERE metric = 'cpu_major')) AS INTEGER) AS cpu_major,
 max(value) FILTER (WHERE metric = 'nic_gap_ns') AS nic_gap_ns,
 CAST(avg(value) FILTER (WHERE metric = 'placed_cycles') AS INTEGER) AS placed_cycles,
 CAST(avg(value) FILTER (WHERE metric = 'walk_cycles') AS INTEGER) AS walk_cycles,
 CAST(1e6 * avg(value) FILTER (WHERE metric = 'numa_local_walks')
  / avg(value) FILTER (WHERE metric = 'numa_walks') AS INTEGER) AS ll_ppm,
 CAST(avg(value) FILTER (WHERE metric = 'run_over_local_ppm') AS INTEGER) AS run_over_local_ppm,
 CAST(avg(value) FILTER (WHERE metric = 'update_cycles') AS INTEGER) AS update_cycles,
 CAST(avg(value) FILTER (WHERE metric = 'copies_bytes') AS INTEGER) AS copies_bytes,
 CAST(avg(value) FILTER (WHERE metric = 'host_cores_ppm') AS INTEGER) AS host_cores_ppm,
 CAST(avg(value) FILTER (WHERE metric = 'guest_cores_ppm') AS INTEGER) AS guest_cores_ppm,
 max(value) FILTER (WHERE metric = 'bitmap_bytes') AS bitmap_bytes, policy,
 CAST(overcommit AS INTEGER) AS overcommit_ppm,
 iif(min(value) FILTER (WHERE metric = 'is_pareto'), 'yes', 'no') AS front
FROM c JOIN result USING (cfg_hash) GROUP BY key ORDER BY trace, min(run_id)

-- SPDX-License-Identifier: MIT
-- Whole designs
-- about: Memory given back, I/O page faults and what they do to I/O, page walks and cores, the parts of each design fed by one another. Means over seeds.
-- about: On the front is what no other design of the same VM and traces beats in everything: memory, P99.99, NIC gap, CPU major faults and waits, cycles with walks, for copies of tables and for tags, cores.
-- panel: 2
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
-- column: total_cycles with local tables
-- column: ll_ppm local walks
-- column: run_over_local_ppm time over local
-- column: copies_bytes copies of tables
-- column: vm_bytes VM
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace,
  config_get(config.canon, 'nvme-load.arrival') || ' arrivals' AS arrivals, config_get(cfg.canon, 'design') AS name,
  config_get(cfg.canon, 'policy') AS policy, CAST(config_get(cfg.canon, 'overcommit_ppm') AS INTEGER) AS overcommit_ppm,
  4096 * config_get(cfg.canon, 'vm_pages') AS vm_bytes, coalesce(config_get(cfg.canon, 'nvme_trace'), '') || ' '
  || coalesce(config_get(cfg.canon, 'walk_trace'), config_get(cfg.canon, 'numa_trace'), '') AS others
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'score'),
m AS MATERIALIZED (SELECT trace, arrivals, name, min(run_id) AS first_run, vm_bytes, policy, overcommit_ppm,
  trace || ' ' || coalesce(vm_bytes, '') || ' ' || others AS field,
  CAST(avg(value) FILTER (WHERE metric = 'returned_bytes') AS INTEGER) AS returned_bytes,
  CAST(avg(value) FILTER (WHERE metric = 'p9999_ns') AS INTEGER) AS p9999_ns,
  CAST(avg(value) FILTER (WHERE metric = 'p9999_base_ns') AS INTEGER) AS p9999_base_ns,
  CAST(round(avg(value) FILTER (WHERE metric = 'iopf')) AS INTEGER) AS iopf,
  coalesce(max(value) FILTER (WHERE metric = 'iopf_failed'), 0) AS iopf_failed,
  max(value) FILTER (WHERE metric = 'iopf_max_1s') AS iopf_max_1s,
  CAST(round(avg(value) FILTER (WHERE metric = 'cpu_major')) AS INTEGER) AS cpu_major,
  CAST(avg(value) FILTER (WHERE metric = 'cpu_stall_ns') AS INTEGER) AS cpu_stall_ns,
  max(value) FILTER (WHERE metric = 'nic_gap_ns') AS nic_gap_ns,
  CAST(avg(value) FILTER (WHERE metric = 'placed_cycles') AS INTEGER) AS placed_cycles,
  CAST(avg(value) FILTER (WHERE metric = 'total_cycles') AS INTEGER) AS total_cycles,
  CAST(avg(value) FILTER (WHERE metric = 'numa_walk_cycles') AS INTEGER) AS numa_walk_cycles,
  CAST(1e6 * avg(value) FILTER (WHERE metric = 'numa_local_walks')
   / avg(value) FILTER (WHERE metric = 'numa_walks') AS INTEGER) AS ll_ppm,
  CAST(avg(value) FILTER (WHERE metric = 'run_over_local_ppm') AS INTEGER) AS run_over_local_ppm,
  CAST(avg(value) FILTER (WHERE metric = 'update_cycles') AS INTEGER) AS update_cycles,
  CAST(coalesce(avg(value) FILTER (WHERE metric = 'update_cycles'), 0)
   + coalesce(avg(value) FILTER (WHERE metric = 'revoke_cycles'), 0) AS INTEGER) AS upkeep,
  CAST(avg(value) FILTER (WHERE metric = 'copies_bytes') AS INTEGER) AS copies_bytes,
  CAST(avg(value) FILTER (WHERE metric = 'host_cores_ppm') AS INTEGER) AS host_cores_ppm,
  CAST(avg(value) FILTER (WHERE metric = 'guest_cores_ppm') AS INTEGER) AS guest_cores_ppm,
  max(value) FILTER (WHERE metric = 'bitmap_bytes') AS bitmap_bytes
 FROM c JOIN result USING (cfg_hash) GROUP BY key)
SELECT trace, arrivals, name, returned_bytes, p9999_ns, p9999_base_ns, iopf, iopf_max_1s, cpu_major, nic_gap_ns, placed_cycles,
 total_cycles, ll_ppm, run_over_local_ppm, update_cycles, copies_bytes, host_cores_ppm, guest_cores_ppm, bitmap_bytes,
 policy, overcommit_ppm, vm_bytes,
 iif(NOT iopf_failed AND coalesce(returned_bytes, p9999_ns, placed_cycles, numa_walk_cycles) IS NOT NULL
  -- what is not known compares with what is not known alone
  AND NOT EXISTS (SELECT 1 FROM m AS b WHERE b.field = m.field AND NOT b.iopf_failed
   AND (b.returned_bytes IS m.returned_bytes OR b.returned_bytes > m.returned_bytes)
   AND (b.p9999_ns IS m.p9999_ns OR b.p9999_ns < m.p9999_ns)
   AND (b.nic_gap_ns IS m.nic_gap_ns OR b.nic_gap_ns < m.nic_gap_ns)
   AND (b.cpu_major IS m.cpu_major OR b.cpu_major < m.cpu_major)
   AND (b.cpu_stall_ns IS m.cpu_stall_ns OR b.cpu_stall_ns < m.cpu_stall_ns)
   AND (b.placed_cycles IS m.placed_cycles OR b.placed_cycles < m.placed_cycles)
   AND (b.placed_cycles IS NOT NULL OR b.numa_walk_cycles IS m.numa_walk_cycles
    OR b.numa_walk_cycles < m.numa_walk_cycles)
   AND b.upkeep <= m.upkeep AND b.host_cores_ppm + b.guest_cores_ppm <= m.host_cores_ppm + m.guest_cores_ppm
   AND (b.returned_bytes > m.returned_bytes OR b.p9999_ns < m.p9999_ns OR b.nic_gap_ns < m.nic_gap_ns
    OR b.cpu_major < m.cpu_major OR b.cpu_stall_ns < m.cpu_stall_ns OR b.placed_cycles < m.placed_cycles
    OR (b.placed_cycles IS NULL AND b.numa_walk_cycles < m.numa_walk_cycles) OR b.upkeep < m.upkeep
    OR b.host_cores_ppm + b.guest_cores_ppm < m.host_cores_ppm + m.guest_cores_ppm)), 'yes', 'no') AS front
FROM m ORDER BY trace, arrivals, first_run

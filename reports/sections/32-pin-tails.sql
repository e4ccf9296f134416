-- SPDX-License-Identifier: MIT
-- Tails: what faults do to I/O
-- about: Latency of block requests with the faults of each configuration, against the same load without any; the worst of the seeds. The arrival model decides how much a stall shows: a closed loop of low depth hides it.
-- panel: 5
-- series: 1
-- column: overcommit_ppm overcommit
-- column: pinned_bytes pinned (mean)
-- column: p999_ns P99.9
-- column: p999_base_ns P99.9, no fault
-- column: p9999_ns P99.99
-- column: p9999_base_ns P99.99, no fault
-- column: nic_gap_ns longest NIC gap
-- column: nic_drops NIC drops
-- column: nic_rto NIC flows that waited for an RTO
-- column: cpu guest's CPU
WITH c AS MATERIALIZED (SELECT cfg_hash, key, trace, design, config_get(cfg.canon, 'cpu') AS cpu,
  config_get(cfg.canon, 'policy') AS policy, CAST(config_get(cfg.canon, 'overcommit_ppm') AS INTEGER) AS overcommit_ppm,
  CAST(config_get(cfg.canon, 'vm_pages') AS INTEGER) AS vm_pages,
  coalesce(CASE config_get(config.canon, 'block.arrivals')
   WHEN 'closed' THEN 'closed arrivals, depth ' || config_get(config.canon, 'block.depth')
   ELSE config_get(config.canon, 'block.arrivals') || ' arrivals, '
    || replace(config_get(config.canon, 'block.rate'), '/1000000000ns', '/s') || ' a queue' END,
   'steady arrivals, ' || replace(config_get(config.canon, 'nic.packets'), '/1000000000ns', '/s') || ' packets') AS arrivals
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'pin')
SELECT trace, design, overcommit_ppm, cpu, arrivals, policy,
 scaled(CAST(avg(value) FILTER (WHERE metric = 'pinned_mean_ppm') AS INTEGER), 4096 * vm_pages, 1000000) AS pinned_bytes,
 nullif(max(value) FILTER (WHERE metric = 'block_p999_ns'), 0) AS p999_ns,
 nullif(max(value) FILTER (WHERE metric = 'block_p9999_ns'), 0) AS p9999_ns,
 max(value) FILTER (WHERE metric = 'nic_gap_ns') AS nic_gap_ns,
 nullif(max(value) FILTER (WHERE metric = 'block_p999_base_ns'), 0) AS p999_base_ns,
 nullif(max(value) FILTER (WHERE metric = 'block_p9999_base_ns'), 0) AS p9999_base_ns,
 max(value) FILTER (WHERE metric = 'nic_drops') AS nic_drops,
 max(value) FILTER (WHERE metric = 'nic_rto') AS nic_rto
FROM c JOIN result USING (cfg_hash) GROUP BY key
HAVING p999_ns IS NOT NULL OR nic_gap_ns > 0
ORDER BY trace, design, overcommit_ppm, cpu, policy = 'none' DESC, policy, pinned_bytes

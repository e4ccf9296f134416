-- SPDX-License-Identifier: MIT
-- NVMe: requests and latency
-- about: Each point is a load; to the right and down is better. In a closed load a request waits for a completion, so that slow paths are asked less and stalls hide; in an open one they do not.
-- panel: 3
-- series: 1
-- column: name path or design
-- column: iops requests/s
-- column: mean_ns mean
-- column: p50_ns P50
-- column: p99_ns P99
-- column: p999_ns P99.9
-- column: p9999_ns P99.99
-- column: vm VM
-- column: guest_cpu_ns guest CPU a request
-- column: exits_per_thousand exits a 1,000 requests
-- column: host_busy_ppm host cores busy, of one
-- column: host_spin_ppm host cores polling, of one
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace, config_get(config.canon, 'nvme-load.arrival') || ' arrivals' AS arrivals,
  config_get(cfg.canon, 'vm') AS vm, config_get(cfg.canon, 'design') AS name,
  config_get(cfg.canon, 'load')
   || iif(config_get(config.canon, 'nvme-load.arrival') = 'trace', '', ', ' || config_get(config.canon, 'nvme-load.blocks')) AS load
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'nvme' AND config_get(cfg.canon, 'vm') IS NOT NULL),
m AS (SELECT key, trace, arrivals, vm, name, load, min(run_id) AS run_id, sum(value) FILTER (WHERE metric = 'requests') AS requests,
  sum(value) FILTER (WHERE metric = 'span_ns') AS span_ns, sum(value) FILTER (WHERE metric = 'latency_sum_ns') AS latency_ns,
  max(value) FILTER (WHERE metric = 'p50_ns') AS p50_ns, max(value) FILTER (WHERE metric = 'p99_ns') AS p99_ns,
  max(value) FILTER (WHERE metric = 'p999_ns') AS p999_ns, max(value) FILTER (WHERE metric = 'p9999_ns') AS p9999_ns,
  sum(value) FILTER (WHERE metric = 'requests_all') AS requests_all, sum(value) FILTER (WHERE metric = 'exits') AS exits,
  sum(value) FILTER (WHERE metric IN ('guest_busy_ns', 'guest_direct_ns', 'guest_indirect_ns', 'guest_sync_ns', 'guest_spin_ns')) AS guest_ns,
  max(value) FILTER (WHERE metric = 'host_busy_ppm') AS host_busy_ppm, max(value) FILTER (WHERE metric = 'host_spin_ppm') AS host_spin_ppm
 FROM c JOIN result USING (cfg_hash) GROUP BY key)
SELECT trace, arrivals, vm, name, scaled(requests, 1000000000, span_ns) AS iops, latency_ns / requests AS mean_ns, p50_ns, p99_ns,
 p999_ns, p9999_ns, load, scaled(guest_ns, 1, requests_all) AS guest_cpu_ns, scaled(exits, 1000, requests_all) AS exits_per_thousand,
 host_busy_ppm, host_spin_ppm
FROM m ORDER BY trace, arrivals, vm <> 'all', vm, name, iops

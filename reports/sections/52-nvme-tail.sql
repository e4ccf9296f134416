-- SPDX-License-Identifier: MIT
-- NVMe: the tail
-- about: Latency that so many of the requests do not exceed, by load; the worst of the seeds.
-- panel: 3
-- series: 1
-- column: name path or design
-- column: latency_ns latency
-- column: one_in slowest of
-- fold: yes
WITH q(metric, one_in) AS (VALUES ('p50_ns', 2), ('p99_ns', 100), ('p999_ns', 1000), ('p9999_ns', 10000), ('p99999_ns', 100000)),
c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace, config_get(config.canon, 'nvme-load.arrival') || ' arrivals' AS arrivals,
  config_get(cfg.canon, 'design') AS name,
  config_get(cfg.canon, 'load')
   || iif(config_get(config.canon, 'nvme-load.arrival') = 'trace', '', ', ' || config_get(config.canon, 'nvme-load.blocks')) AS load
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'nvme' AND config_get(cfg.canon, 'vm') = 'all'),
o AS (SELECT trace, arrivals, load, min(run_id) AS first FROM c GROUP BY 1, 2, 3)
SELECT trace, arrivals, load, name, one_in, max(value) AS latency_ns
FROM c JOIN o USING (trace, arrivals, load) JOIN result USING (cfg_hash) JOIN q USING (metric) GROUP BY key, one_in
ORDER BY first, name, one_in

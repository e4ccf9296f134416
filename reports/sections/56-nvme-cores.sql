-- SPDX-License-Identifier: MIT
-- NVMe: host cores
-- about: What each core of the host that does I/O work spends its time on: useful work and polling; the rest it is idle.
-- panel: 3
-- series: 2
-- column: name path or design
-- column: busy_ppm at work
-- column: spin_ppm polling
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, key, run_id, trace, config_get(config.canon, 'nvme-load.arrival') || ' arrivals' AS arrivals,
  config_get(cfg.canon, 'design') AS name, config_get(cfg.canon, 'core') AS core,
  config_get(cfg.canon, 'load')
   || iif(config_get(config.canon, 'nvme-load.arrival') = 'trace', '', ', ' || config_get(config.canon, 'nvme-load.blocks')) AS load
 FROM cfg JOIN config USING (cfg_hash) WHERE command = 'nvme' AND config_get(cfg.canon, 'core') IS NOT NULL),
m AS (SELECT key, trace, arrivals, load, name, core, min(run_id) AS run_id, sum(value) FILTER (WHERE metric = 'core_busy_ns') AS busy,
  sum(value) FILTER (WHERE metric = 'core_spin_ns') AS spin, sum(value) FILTER (WHERE metric = 'core_run_ns') AS run
 FROM c JOIN result USING (cfg_hash) GROUP BY key),
o AS (SELECT trace, arrivals, load, min(run_id) AS first FROM m GROUP BY 1, 2, 3)
SELECT trace, arrivals, load, name, core, scaled(busy, 1000000, run) AS busy_ppm, scaled(spin, 1000000, run) AS spin_ppm
FROM m JOIN o USING (trace, arrivals, load) ORDER BY first, run_id, name, length(core), core

-- SPDX-License-Identifier: MIT
-- Page tables on NUMA nodes
-- about: Run time with tables where the design puts them, over that with all tables local; it rests on latencies of the machine and on the share of time that this program walks natively (see Guesses). Letters as in vMitosis: guest tables local or remote, host tables likewise, I: with interference; then E, G, M: what is migrated. Where bandwidth counts it is too low.
-- panel: 1
-- series: 1
-- column: name design
-- column: time_ppm run time over local
-- column: walking_ppm time in walks
-- column: walk_cycles cycles of walks
-- column: gpt_cycles in guest tables
-- column: ept_cycles in host tables
-- column: update_cycles cycles of updates
-- column: differs what tells it from the others
-- column: bound bandwidth counts
WITH c AS MATERIALIZED (SELECT cfg_hash, run_id, trace, design AS differs, config_get(canon, 'design') AS name
 FROM cfg WHERE command = 'numa' AND config_get(canon, 'timeline') IS NULL),
m AS (SELECT trace, name, differs, min(run_id) AS run_id, max(value) FILTER (WHERE metric = 'run_cycles') AS run_cycles,
  max(value) FILTER (WHERE metric = 'local_run_cycles') AS local, max(value) FILTER (WHERE metric = 'work_cycles') AS work,
  max(value) FILTER (WHERE metric = 'walks') AS walks, max(value) FILTER (WHERE metric = 'walk_cycles') AS walk_cycles,
  max(value) FILTER (WHERE metric = 'gpt_cycles') AS gpt_cycles, max(value) FILTER (WHERE metric = 'ept_cycles') AS ept_cycles,
  max(value) FILTER (WHERE metric = 'update_cycles') AS update_cycles,
  max(value) FILTER (WHERE metric = 'memory_bytes') AS memory_bytes,
  max(value) FILTER (WHERE metric = 'is_bandwidth_bound') AS is_bound
 FROM c JOIN result USING (cfg_hash) GROUP BY cfg_hash)
SELECT trace, name, scaled(run_cycles, 1000000, local) AS time_ppm, scaled(run_cycles - work, 1000000, run_cycles) AS walking_ppm,
 scaled(walk_cycles, 1, walks) AS cycles_a_walk, walks, walk_cycles, gpt_cycles, ept_cycles, update_cycles, memory_bytes,
 CASE is_bound WHEN 1 THEN 'yes' END AS bound, differs
FROM m ORDER BY trace, run_id

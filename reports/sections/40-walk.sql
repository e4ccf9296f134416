-- SPDX-License-Identifier: MIT
-- Page walks
-- about: References to page tables that each design makes for the same accesses. Counts, not times: caches decide what a reference costs.
-- panel: 1
-- series: 1
-- column: name design
-- column: differs what tells it from the others
-- column: stlb_miss walks
-- column: l1_miss L1 misses
-- column: guest_refs guest references
-- column: host_refs host references
-- column: total_refs references
-- column: thousandths references per 1,000 accesses
WITH c AS MATERIALIZED (SELECT cfg_hash, run_id, trace, design AS differs, config_get(canon, 'design') AS name,
  config_get(canon, 'mode') AS mode FROM cfg WHERE command = 'walk')
SELECT trace, name, max(value) FILTER (WHERE metric = 'guest_refs') AS guest_refs,
 max(value) FILTER (WHERE metric = 'host_refs') AS host_refs,
 max(value) FILTER (WHERE metric = 'stlb_miss') AS stlb_miss,
 max(value) FILTER (WHERE metric = 'total_refs') AS total_refs,
 scaled(max(value) FILTER (WHERE metric = 'total_refs'), 1000, max(value) FILTER (WHERE metric = 'accesses')) AS thousandths,
 max(value) FILTER (WHERE metric = 'l1_miss') AS l1_miss, max(value) FILTER (WHERE metric = 'accesses') AS accesses,
 max(value) FILTER (WHERE metric = 'table_pages') * 4096 AS tables_bytes, mode, differs
FROM c JOIN result USING (cfg_hash) GROUP BY cfg_hash ORDER BY trace, min(run_id)

-- SPDX-License-Identifier: MIT
-- References of single walks
-- about: How many references to tables the walks of a design took: what caches of upper levels spare.
-- panel: 1
-- series: 1
-- column: name design
-- fold: yes
WITH c AS MATERIALIZED (SELECT cfg_hash, run_id, trace, config_get(canon, 'design') AS name FROM cfg WHERE command = 'walk')
SELECT trace, name, bucket AS refs, scaled(value, 1000000, sum(value) OVER (PARTITION BY cfg_hash)) AS share_ppm, value AS walks
FROM c JOIN result USING (cfg_hash) WHERE metric = 'walks_by_refs' ORDER BY trace, run_id, bucket

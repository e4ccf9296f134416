-- SPDX-License-Identifier: MIT
-- Misses by policy and size
-- about: The classical view: a page is resident while its policy holds it. Means over seeds.
-- panel: 1
-- series: 1
-- column: size_pages size, pages
-- column: miss_ppm miss ratio
WITH c AS MATERIALIZED (SELECT cfg_hash, key, trace, trace_digest, design, config_get(canon, 'stream') AS stream,
  config_get(canon, 'policy') AS name, CAST(config_get(canon, 'size_pages') AS INTEGER) AS size_pages
 FROM cfg WHERE command = 'cache'),
-- parameters are a policy's own: they tell apart only where one policy ran with several
p AS (SELECT trace, name, count(DISTINCT design) AS designs FROM c WHERE name IS NOT NULL GROUP BY 1, 2),
m AS (SELECT trace, trace_digest, stream, name || iif(designs > 1, ' (' || design || ')', '') AS policy, size_pages,
  CAST(round(avg(value)) AS INTEGER) AS misses
 FROM c JOIN p USING (trace, name) JOIN result USING (cfg_hash) WHERE metric = 'misses' GROUP BY key),
r AS (SELECT trace_digest, stream, max(value) AS requests FROM c JOIN result USING (cfg_hash) WHERE metric = 'requests' GROUP BY 1, 2)
SELECT trace, policy, size_pages, scaled(misses, 1000000, requests) AS miss_ppm, misses
FROM m LEFT JOIN r USING (trace_digest, stream) ORDER BY trace, policy = 'lru' DESC, policy, size_pages

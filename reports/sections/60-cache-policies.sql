-- SPDX-License-Identifier: MIT
-- Misses by policy and size
-- about: The classical view: a page is resident while its policy holds it. Means over seeds.
-- panel: 2
-- series: 1
-- column: size_pages size, pages
-- column: miss_ppm misses
SELECT trace, design, policy, size_pages, scaled(misses, 1000000, requests) AS miss_ppm, misses
FROM (SELECT trace, trace_digest, design, config_get(canon, 'stream') AS stream, config_get(canon, 'policy') AS policy,
  CAST(config_get(canon, 'size_pages') AS INTEGER) AS size_pages, CAST(round(avg(value)) AS INTEGER) AS misses
 FROM cfg JOIN result USING (cfg_hash)
 WHERE command = 'cache' AND metric = 'misses' AND config_get(canon, 'policy') IS NOT NULL GROUP BY key)
 JOIN (SELECT trace_digest, config_get(canon, 'stream') AS stream, max(value) AS requests
 FROM cfg JOIN result USING (cfg_hash) WHERE command = 'cache' AND metric = 'requests' GROUP BY 1, 2)
 USING (trace_digest, stream)
ORDER BY trace, design, policy = 'lru' DESC, policy, size_pages

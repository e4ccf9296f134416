-- SPDX-License-Identifier: MIT
-- LRU misses at all sizes
-- about: A point for each size at which the count changes; sampled curves say so.
-- panel: 1
-- series: 1
-- column: size_pages size, pages
-- fold: yes
SELECT trace, CASE sample WHEN 0 THEN 'lru, exact' ELSE 'lru, from ' || sample || ' pages' END AS kind,
 size_pages, misses
FROM (SELECT key, trace, CAST(config_get(canon, 'sample_pages') AS INTEGER) AS sample, bucket AS size_pages,
  CAST(round(avg(value)) AS INTEGER) AS misses
 FROM cfg JOIN result USING (cfg_hash)
 WHERE command = 'cache' AND metric = 'misses' AND config_get(canon, 'curve') = 'lru' GROUP BY key, bucket)
ORDER BY trace, kind, size_pages

-- SPDX-License-Identifier: MIT
-- How often pages are touched, most touched first: pages at ranks 1, 2, 4, 8 ...
SELECT k AS kind, rank, pfn, touches FROM
 (SELECT k, row_number() OVER (PARTITION BY k) AS rank, pfn, touches
  FROM (SELECT DISTINCT kind AS k FROM stream) s, page_agg(0, 0, 0, s.k))
WHERE rank & (rank - 1) = 0
ORDER BY 1, 2

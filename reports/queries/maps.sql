-- SPDX-License-Identifier: MIT
-- Mappings, and the pages and bytes they map, per second of trace time
-- rounded up: a row says that there was something
SELECT ts_ns / (:seconds * 1000000000) * :seconds AS second,
 (count(*) + :seconds - 1) / :seconds AS maps_per_s,
 (sum(npages) + :seconds - 1) / :seconds AS pages_per_s,
 (sum(bytes) + :seconds - 1) / :seconds AS bytes_per_s
FROM dma WHERE op = 'map' GROUP BY 1 ORDER BY 1

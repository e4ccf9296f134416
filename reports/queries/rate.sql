-- SPDX-License-Identifier: MIT
-- Events and bytes per second of trace time, by stream
SELECT k AS kind, ts_ns / 1000000000 AS second, events AS events_per_s, bytes AS bytes_per_s
FROM (SELECT DISTINCT kind AS k FROM stream) s, event_hist(0, 0, 1000000000, s.k)
ORDER BY 1, 2

-- SPDX-License-Identifier: MIT
-- Events and bytes per second of trace time, by stream
-- rounded up: a row says that there was something
SELECT k AS kind, ts_ns / 1000000000 AS second,
 (events + :seconds - 1) / :seconds AS events_per_s, (bytes + :seconds - 1) / :seconds AS bytes_per_s
FROM (SELECT DISTINCT kind AS k FROM stream) s, event_hist(0, 0, :seconds * 1000000000, s.k)
ORDER BY 1, 2

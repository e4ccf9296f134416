-- SPDX-License-Identifier: MIT
-- All that is stored
-- about: Each number that the runs stored, by command and name: how many values, between which bounds. Not every one has a section above; results files are SQLite, so any of it can be asked for.
-- column: metric number
-- column: n values
-- fold: yes
SELECT command, metric, count(DISTINCT cfg_hash) AS configurations, count(*) AS n, min(value) AS least, max(value) AS most
FROM cfg JOIN result USING (cfg_hash) GROUP BY command, metric ORDER BY command, metric

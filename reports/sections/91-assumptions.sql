-- SPDX-License-Identifier: MIT
-- All other assumptions
-- about: Every other parameter of the runs, with the kind of its value and where it comes from.
-- column: name parameter
-- column: runs runs that used it
-- fold: yes
SELECT command, name, value, kind, source, count(*) AS runs
FROM assumption JOIN run USING (run_id) WHERE kind <> 'guess'
GROUP BY command, name, value, kind, source ORDER BY command, name, value

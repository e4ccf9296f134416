-- SPDX-License-Identifier: MIT
-- Guesses
-- about: What the runs took for granted without a source that measured it: the first things to check when an answer matters.
-- column: name parameter
-- column: runs runs that used it
SELECT command, name, value, source, count(*) AS runs
FROM assumption JOIN run USING (run_id) WHERE kind = 'guess'
GROUP BY command, name, value, source ORDER BY command, name, value

-- SPDX-License-Identifier: MIT
-- Where events were lost
-- about: Accounts of the recording with losses; seen = stored + filtered + what was lost.
SELECT trace_path AS trace, source, seen, stored, filtered, ring_lost, shed, decode_error, unaccounted
FROM trace_account JOIN called USING (trace_digest)
WHERE ring_lost + shed + decode_error + unaccounted > 0
ORDER BY called.run_id, source

-- SPDX-License-Identifier: MIT
-- Provenance
-- about: The runs whose numbers stand above. The same trace, arguments, seed and version give the same numbers.
-- column: run_id run
-- column: version pugmark
-- column: trace_digest trace digest
-- column: design_digest design digest
SELECT run_id, version, args, seed, trace_path AS trace, trace_digest, design_digest
FROM run ORDER BY run_id

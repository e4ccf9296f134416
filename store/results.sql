-- SPDX-License-Identifier: MIT
-- pugmark results file, schema version 1 (PRAGMA user_version). Numbers are absolute integers
-- with their unit in the metric's name; ratios are made when they are shown.

-- one row per call of a command that stored results
CREATE TABLE run (
	run_id INTEGER PRIMARY KEY,
	version TEXT NOT NULL,  -- of pugmark
	command TEXT NOT NULL,
	args TEXT NOT NULL,
	trace_path TEXT,
	trace_digest TEXT,
	design_digest TEXT,     -- sha256 of the design's canonical text
	seed INTEGER NOT NULL   -- its 64 bits, signed
) STRICT;

-- every number a run took for granted, with where it comes from
CREATE TABLE assumption (
	run_id INTEGER NOT NULL REFERENCES run,
	name TEXT NOT NULL,     -- section.name
	value TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('default', 'given', 'spec', 'published', 'derived',
		'calibrated', 'guess')),
	source TEXT NOT NULL,
	PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

-- what was computed: equal text is an equal result
CREATE TABLE config (
	cfg_hash TEXT PRIMARY KEY, -- sha256 of canon, in hexadecimal
	canon TEXT NOT NULL        -- version, trace digest, seed, then the canonical configuration
) STRICT, WITHOUT ROWID;

CREATE TABLE run_config (
	run_id INTEGER NOT NULL REFERENCES run,
	cfg_hash TEXT NOT NULL REFERENCES config,
	PRIMARY KEY (run_id, cfg_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE result (
	cfg_hash TEXT NOT NULL REFERENCES config,
	metric TEXT NOT NULL,
	bucket INTEGER NOT NULL DEFAULT 0, -- of a histogram or a curve, else 0
	value INTEGER NOT NULL,
	PRIMARY KEY (cfg_hash, metric, bucket)
) STRICT, WITHOUT ROWID;

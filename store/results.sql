-- SPDX-License-Identifier: MIT
-- pugmark results file, schema version 2 (PRAGMA user_version). Numbers are absolute integers
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

-- what a run told a person, in order
CREATE TABLE said (
	run_id INTEGER NOT NULL REFERENCES run,
	seq INTEGER NOT NULL,
	part INTEGER NOT NULL,  -- how many tables stood above it: the verdict is part 0
	sentence TEXT NOT NULL,
	PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

-- what was known of the traces that runs read, so that a report needs no trace
CREATE TABLE trace (
	trace_digest TEXT PRIMARY KEY,
	vm TEXT,                -- NULL: not known, or several; likewise its pages
	vm_pages INTEGER,
	lost_events INTEGER NOT NULL,    -- of losses whose size is known
	unknown_losses INTEGER NOT NULL, -- of the others
	sampled TEXT NOT NULL,  -- kinds whose rows are a sample
	is_sealed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_stream (
	trace_digest TEXT NOT NULL REFERENCES trace,
	stream INTEGER NOT NULL,
	kind TEXT NOT NULL,
	events INTEGER NOT NULL,
	first_ns INTEGER NOT NULL,
	last_ns INTEGER NOT NULL,
	unique_pages INTEGER,   -- NULL: not known
	PRIMARY KEY (trace_digest, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_device (
	trace_digest TEXT NOT NULL REFERENCES trace,
	dev INTEGER NOT NULL,
	bdf TEXT NOT NULL,
	class TEXT NOT NULL,
	coverage TEXT,
	PRIMARY KEY (trace_digest, dev)
) STRICT, WITHOUT ROWID;

-- seen = stored + filtered + ring_lost + shed + decode_error + unaccounted
CREATE TABLE trace_account (
	trace_digest TEXT NOT NULL REFERENCES trace,
	source TEXT NOT NULL,
	seen INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	filtered INTEGER NOT NULL,
	ring_lost INTEGER NOT NULL,
	shed INTEGER NOT NULL,
	decode_error INTEGER NOT NULL,
	unaccounted INTEGER NOT NULL,
	PRIMARY KEY (trace_digest, source)
) STRICT, WITHOUT ROWID;

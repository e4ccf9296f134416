-- SPDX-License-Identifier: MIT
-- pugmark trace file, schema version 1 (PRAGMA user_version). FORMAT.md is normative.
-- Times are integers in ns since the start of the trace; sizes are bytes; pages are 4 KiB.

CREATE TABLE meta (
	k TEXT PRIMARY KEY,
	v TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE host (
	host_id INTEGER PRIMARY KEY,
	uuid TEXT UNIQUE,
	hostname TEXT,
	kernel TEXT,
	cpu TEXT,
	cpus INTEGER,
	sockets INTEGER,
	numa TEXT,              -- JSON: node -> cpus, bytes
	boot_id TEXT
) STRICT;

CREATE TABLE vm (
	vm_id INTEGER PRIMARY KEY,
	host_id INTEGER REFERENCES host,
	uuid TEXT UNIQUE,
	name TEXT,
	mem_pages INTEGER,
	page_shift INTEGER,
	vnuma TEXT,
	pid INTEGER
) STRICT;

-- where a range of guest memory lies, over time: joins CPU and DMA streams
CREATE TABLE memslot (
	memslot_id INTEGER PRIMARY KEY,
	vm_id INTEGER NOT NULL REFERENCES vm,
	slot INTEGER NOT NULL,
	from_ns INTEGER NOT NULL,
	to_ns INTEGER,          -- NULL: to the end
	gpa_pfn INTEGER NOT NULL,
	hva_pfn INTEGER,
	hpa_pfn INTEGER,
	npages INTEGER NOT NULL,
	flags INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE device (
	dev_id INTEGER PRIMARY KEY,
	vm_id INTEGER REFERENCES vm,
	bdf TEXT UNIQUE NOT NULL,
	class TEXT NOT NULL CHECK (class IN ('nic', 'nvme', 'block', 'other')),
	driver TEXT,
	queues INTEGER NOT NULL DEFAULT 0,
	coverage TEXT           -- what of its DMA the source sees
) STRICT;

CREATE TABLE session (
	sess_id INTEGER PRIMARY KEY,
	uuid TEXT UNIQUE NOT NULL,
	host_id INTEGER REFERENCES host,
	start_ns INTEGER,
	end_ns INTEGER,
	clock TEXT,
	collector TEXT,
	args TEXT,
	state TEXT NOT NULL CHECK (state IN ('open', 'sealed', 'recovered'))
) STRICT;

-- who produced rows and what it can see; progress: input offset committed with its rows
CREATE TABLE source (
	source_id INTEGER PRIMARY KEY,
	sess_id INTEGER NOT NULL REFERENCES session,
	name TEXT NOT NULL,
	kind TEXT,
	coverage TEXT,          -- directions seen, real or inferred addresses
	granularity INTEGER,    -- bytes
	period_ns INTEGER,
	sample_ppm INTEGER,     -- share of page numbers kept by hash; NULL: all
	progress INTEGER NOT NULL DEFAULT 0,
	position TEXT NOT NULL DEFAULT '',
	UNIQUE (sess_id, name)
) STRICT;

CREATE TABLE stream (
	stream_id INTEGER PRIMARY KEY,
	sess_id INTEGER NOT NULL REFERENCES session,
	vm_id INTEGER REFERENCES vm,
	kind TEXT NOT NULL,
	schema_id INTEGER NOT NULL,
	ncolumns INTEGER NOT NULL,  -- the first so many of the kind: what the digest covers
	digest TEXT,            -- NULL until sealed
	UNIQUE (sess_id, vm_id, kind)
) STRICT;

CREATE TABLE chunk (
	chunk_id INTEGER PRIMARY KEY,
	stream_id INTEGER NOT NULL REFERENCES stream,
	seq INTEGER NOT NULL,
	n INTEGER NOT NULL CHECK (n BETWEEN 1 AND 262144),
	first_ns INTEGER NOT NULL,
	last_ns INTEGER NOT NULL,
	dev_mask INTEGER NOT NULL,
	pfn_first INTEGER,      -- NULL: no page in it
	pfn_last INTEGER,
	pages INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	blob_bytes INTEGER NOT NULL,
	blob BLOB NOT NULL,     -- last, so that the rest is read without it
	UNIQUE (stream_id, seq)
) STRICT;

-- all a reader needs to skip chunks, without touching one page per chunk
CREATE INDEX chunk_span ON chunk
	(stream_id, seq, first_ns, last_ns, n, dev_mask, pfn_first, pfn_last, blob_bytes);

CREATE TABLE loss (
	loss_id INTEGER PRIMARY KEY,
	stream TEXT,            -- kind or source; NULL: of the whole trace
	from_ns INTEGER,
	to_ns INTEGER,
	n_lost INTEGER,         -- NULL: not known
	cause TEXT NOT NULL CHECK (cause IN
		('ring', 'enospc', 'quota-evict', 'parse', 'damage', 'kill', 'sampling', 'shed')),
	detail TEXT
) STRICT;

-- seen = stored + filtered + ring_lost + shed + decode_error + unaccounted
CREATE TABLE account (
	source TEXT PRIMARY KEY,
	seen INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	filtered INTEGER NOT NULL,
	ring_lost INTEGER NOT NULL,
	shed INTEGER NOT NULL,
	decode_error INTEGER NOT NULL,
	unaccounted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- of a merged recording: what the numbers in its rows are in the tables of this file
CREATE TABLE renumber (
	sess_id INTEGER NOT NULL REFERENCES session,
	what TEXT NOT NULL CHECK (what IN ('dev', 'vm', 'source')),
	number INTEGER NOT NULL,
	id INTEGER NOT NULL,    -- of device, vm or source
	PRIMARY KEY (sess_id, what, number)
) STRICT, WITHOUT ROWID;

-- what was told as a distribution instead of events; means and rates in 10^-6; NULL: not told
CREATE TABLE distribution (
	dist_id INTEGER PRIMARY KEY,
	sess_id INTEGER NOT NULL REFERENCES session,
	source TEXT NOT NULL,   -- who told it: fio-log, fio-json
	subject TEXT NOT NULL,  -- of whom: a job, a file
	op TEXT NOT NULL,       -- as in io rows
	quantity TEXT NOT NULL, -- with its unit: clat_ns, bw_kib_per_s
	n INTEGER NOT NULL,
	sum INTEGER,
	min INTEGER,
	max INTEGER,
	mean_e6 INTEGER,
	stddev_e6 INTEGER,
	per_second_e6 INTEGER,
	UNIQUE (sess_id, subject, op, quantity)
) STRICT;

-- quantile: x = share in 10^-8, y = value; bin: x = its middle, y = how many
CREATE TABLE distribution_point (
	dist_id INTEGER NOT NULL REFERENCES distribution,
	shape TEXT NOT NULL CHECK (shape IN ('quantile', 'bin')),
	x INTEGER NOT NULL,
	y INTEGER NOT NULL,
	PRIMARY KEY (dist_id, shape, x)
) STRICT, WITHOUT ROWID;

-- simultaneous readings of the clocks, for merging
CREATE TABLE clock (
	clock_id INTEGER PRIMARY KEY,
	sess_id INTEGER NOT NULL REFERENCES session,
	trace_ns INTEGER NOT NULL,
	mono_ns INTEGER,
	boot_ns INTEGER,
	real_ns INTEGER
) STRICT;

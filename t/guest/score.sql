-- SPDX-License-Identifier: MIT
-- What a recording made in the guest knows of what the devices did. Tables: access, command (of
-- truth.awk), map, io (of the recording), span(from_line, to_line): the lines of QEMU's log to score.
CREATE INDEX access_command ON access(command);

-- One clock: the same use of a queue's command number on both sides; no command can reach the device
-- before the guest made it, so the least difference is the offset. Both count the same time-stamp
-- counter, but the host's clock is steered: the least of the first third and of the last give a line.
CREATE TABLE pair AS
	SELECT c.line, c.us, c.bytes, i.ts_ns, i.lat_ns, i.bytes AS io_bytes
	FROM (SELECT *, row_number() OVER (PARTITION BY queue, cid ORDER BY line) AS n
		FROM command, span WHERE line >= from_line AND line <= to_line) c
	JOIN (SELECT *, row_number() OVER (PARTITION BY qid, cid ORDER BY ts_ns) AS n FROM io) i
	ON i.qid = c.queue AND i.cid = c.cid AND i.n = c.n;
CREATE TABLE least AS
	SELECT part, us, min(us * 1000 - ts_ns) AS ns
	FROM (SELECT *, ntile(3) OVER (ORDER BY line) AS part FROM pair) GROUP BY part;
CREATE TABLE offset AS
	SELECT a.ns, a.us AS from_us, b.ns - a.ns AS drift_ns, b.us - a.us AS span_us
	FROM least a, least b WHERE a.part = 1 AND b.part = 3;

-- Mappings of one page each, from their map to their unmap.
CREATE TABLE page AS
	WITH RECURSIVE each(dev, pfn, left, from_ns, op) AS (
		SELECT dev, pfn, npages, ts_ns, op FROM map
		UNION ALL SELECT dev, pfn + 1, left - 1, from_ns, op FROM each WHERE left > 1)
	SELECT dev, pfn, from_ns, op FROM each;
CREATE INDEX page_pfn ON page(dev, pfn, from_ns);
CREATE TABLE known AS SELECT DISTINCT dev, pfn FROM page WHERE op IN ('map', 'alloc');
CREATE INDEX known_pfn ON known(dev, pfn);

CREATE TABLE used AS
	SELECT line, us, access.dev, pfn, dir, bytes, command,
		us * 1000 - ns - drift_ns * (us - from_us) / span_us AS at_ns
	FROM access, span, offset WHERE line >= from_line AND line <= to_line;

CREATE INDEX used_pfn ON used(dev, pfn);

-- Maps less unmaps of the page up to the moment of the access; the clocks agree within a millisecond.
CREATE TABLE scored AS
	SELECT *, (SELECT count(*) FROM page p WHERE p.dev = u.dev AND p.pfn = u.pfn
			AND op IN ('map', 'alloc') AND from_ns <= at_ns + 1000000)
		- (SELECT count(*) FROM page p WHERE p.dev = u.dev AND p.pfn = u.pfn
			AND op IN ('unmap', 'free') AND from_ns <= at_ns - 1000000) > 0 AS is_live,
		EXISTS (SELECT 1 FROM known k WHERE k.dev = u.dev AND k.pfn = u.pfn) AS is_known
	FROM used u;

-- Name and value, a line each; shares in ppm.
.mode tabs
SELECT 'from_line', from_line FROM span UNION ALL SELECT 'to_line', to_line FROM span;
SELECT 'clock_drift_us', drift_ns / 1000 FROM offset;
SELECT 'accesses', count(*) FROM scored;
SELECT 'pages', count(DISTINCT dev || pfn) FROM scored;
SELECT 'page_recall_ppm', 1000000 * count(DISTINCT iif(is_known, dev || pfn, NULL)) / count(DISTINCT dev || pfn) FROM scored;
SELECT 'page_precision_ppm', 1000000 * (SELECT count(*) FROM known k WHERE EXISTS (SELECT 1 FROM used u WHERE u.dev = k.dev AND u.pfn = k.pfn)) / (SELECT count(*) FROM known);
SELECT 'access_recall_ppm', 1000000 * sum(is_live) / count(*) FROM scored;
SELECT 'data_accesses', count(*) FROM scored WHERE dir <> 'unknown';
SELECT 'data_recall_ppm', 1000000 * sum(is_live) / count(*) FROM scored WHERE dir <> 'unknown';
-- known, but not live when the device used it: the recording would have told another page
SELECT 'stale', count(*) FROM scored WHERE is_known AND NOT is_live;
SELECT 'commands', count(*) FROM pair;
SELECT 'command_bytes', sum(bytes) FROM pair;
-- pages of commands that the recording does not have mapped between their start and their end
SELECT 'command_stale', count(*) FROM pair JOIN access a ON a.command = pair.line AND a.dev = 'nvme'
	WHERE NOT EXISTS (SELECT 1 FROM page p WHERE p.dev = 'nvme' AND p.pfn = a.pfn AND op = 'map'
		AND from_ns BETWEEN ts_ns - 20000000 AND ts_ns + lat_ns);
SELECT 'commands_missed', count(*) FROM command, span WHERE line BETWEEN from_line AND to_line AND line NOT IN (SELECT line FROM pair);
SELECT 'mapped_bytes', sum(bytes) FROM map WHERE dev = 'nvme' AND op = 'map';

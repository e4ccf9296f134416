-- SPDX-License-Identifier: MIT
-- Traces
-- about: What was replayed, as it was known when the runs were made.
-- column: lost events lost
-- column: kinds streams
-- column: length_ns length
-- column: memory_bytes VM memory
-- column: sampled only a sample of
SELECT trace_path AS trace, t.vm, t.vm_pages * 4096 AS memory_bytes,
 (SELECT max(last_ns) FROM trace_stream s WHERE s.trace_digest = c.trace_digest) AS length_ns,
 (SELECT sum(events) FROM trace_stream s WHERE s.trace_digest = c.trace_digest) AS events,
 (SELECT group_concat(kind, ', ') FROM (SELECT DISTINCT kind FROM trace_stream s
  WHERE s.trace_digest = c.trace_digest ORDER BY stream)) AS kinds,
 (SELECT group_concat(bdf || ' (' || class || ')', ', ') FROM (SELECT bdf, class FROM trace_device d
  WHERE d.trace_digest = c.trace_digest ORDER BY dev)) AS devices,
 CASE WHEN t.trace_digest IS NULL THEN 'not known'
  WHEN unknown_losses > 0 THEN 'at least ' || lost_events
  ELSE '' || lost_events END AS lost,
 t.sampled, CASE WHEN t.is_sealed = 0 THEN 'no: it was being written' END AS sealed,
 c.trace_digest AS digest
FROM called c LEFT JOIN trace t USING (trace_digest) ORDER BY c.run_id

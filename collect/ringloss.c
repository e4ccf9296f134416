// SPDX-License-Identifier: MIT
/* From a ring's count to a row of the trace, in its time. */
#include "collect/ringloss.h"

#include "collect/perfring.h"
#include "collect/recording.h"
#include "store/trace-writer.h"

int ringloss_note(struct recording *r, struct perfring *ring, const char *stream,
		  uint64_t *lost_out, struct err *e)
{
	uint64_t from, to;
	const uint64_t lost = perfring_take_lost(ring, &from, &to);
	if (!lost)
		return 0;
	if (lost_out)
		*lost_out += lost;
	return trace_writer_loss(recording_writer(r), stream, recording_time(r, from),
				 recording_time(r, to), lost, "ring",
				 "a ring of the kernel was full", e);
}

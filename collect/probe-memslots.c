// SPDX-License-Identifier: MIT
/*
 * Where the memory of a VM lies in its VMM's process, as memslot rows: they join
 * what is told by addresses of that process (touch, page faults) with what is
 * told by guest pages (agent, recordings from inside). Inferred for QEMU on x86
 * (collect/vmmram.h); a VMM that speaks to the agent probe tells it itself.
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/vmmram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_BYTES_MAX = 1 << 18, MAPS_BYTES_MAX = 1 << 25 };

static const uint64_t look_again_ns = 500 * NS_PER_MS;

struct state {
	struct recording *recording;
	pid_t pid;
	bool is_done;
	uint64_t last_look_ns, from_ns; /* the last time when it was not there; in trace time */
	struct err why;                 /* it is not there */
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!h->has_pagemap)
		probe_say(out, PROBE_ABSENT, "/proc is not mounted, or kernel without pagemap",
			  "mount -t proc proc /proc");
	else if (!hostfacts_may(h, HOST_CAP_SYS_PTRACE))
		probe_say(out, PROBE_DENIED,
			  "address spaces of other users' processes may not be read",
			  "run as the VMM's user, as root or with CAP_SYS_PTRACE");
	else
		probe_say(out, PROBE_USABLE,
			  "QEMU on x86 with one memory backend; inferred from "
			  "its command line and /proc/PID/maps",
			  "other VMMs tell it themselves: --probe agent");
}

/* ERR_FEATURE: no VMM that we know, or not yet. */
static int find_slots(const struct state *s, struct vmm_command *c,
		      struct vmm_slot slots[VMM_SLOTS_MAX], unsigned *n_out, struct err *e)
{
	_free_ char *text = NULL;
	char path[40];
	size_t n = 0;
	struct procmaps maps;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)s->pid);
	int rc = procfile_read(path, COMMAND_BYTES_MAX, &text, &n, e);
	if (!rc)
		rc = vmmram_command(text, n, c, e);
	if (rc)
		return rc;
	free(text);
	text = NULL;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)s->pid);
	rc = procfile_read(path, MAPS_BYTES_MAX, &text, &n, e);
	if (!rc)
		rc = procmaps_parse(text, n, &maps, e);
	if (rc)
		return rc;
	rc = vmmram_find(c, &maps, slots, n_out, e);
	procmaps_free(&maps);
	return rc;
}

static int write_slots(struct state *s, const struct vmm_command *c,
		       const struct vmm_slot slots[VMM_SLOTS_MAX], unsigned n, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	const struct trace_vm vm = { .vm = 0,
				     .name = c->name[0] ? c->name : NULL,
				     .mem_pages = c->ram_bytes >> PAGE_SHIFT };
	char text[120];
	snprintf(text, sizeof(text), "inferred: QEMU %s of %llu MiB, process %d",
		 vmmram_machine_name(c->machine), (unsigned long long)(c->ram_bytes >> 20),
		 (int)s->pid);
	int rc = trace_writer_vm(w, &vm, e);
	if (!rc)
		rc = trace_writer_meta(w, "memslots", text, e);
	for (unsigned i = 0; i < n && !rc; i++) {
		const struct trace_memslot slot = { .vm = 0,
						    .slot = i,
						    .from_ns = s->from_ns,
						    .gpa_pfn = slots[i].gpa_pfn,
						    .hva_pfn = slots[i].hva_pfn,
						    .hpa_pfn = UINT64_MAX,
						    .npages = slots[i].npages };
		rc = trace_writer_memslot(w, &slot, e);
	}
	if (!rc)
		recording_note(s->recording, "memslots: %s", text);
	return rc;
}

/* 0 also when it is not there: s->why. */
static int try_slots(struct state *s, uint64_t now_ns, struct err *e)
{
	struct vmm_command c;
	struct vmm_slot slots[VMM_SLOTS_MAX];
	unsigned n;
	if (find_slots(s, &c, slots, &n, &s->why)) {
		s->from_ns = recording_time(s->recording, now_ns);
		s->last_look_ns = now_ns;
		return 0;
	}
	s->is_done = true;
	return write_slots(s, &c, slots, n, e);
}

/* A process that is there must be a VMM; a command may yet become one. */
static int start(struct recording *r, void **state_out, struct err *e)
{
	bool waits_for_exec;
	const pid_t pid = recording_target(r, &waits_for_exec);
	if (!pid)
		return err_set(e, ERR_USAGE, "probe memslots: of which VMM? --pid PID");
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->pid = pid;
	int rc = waits_for_exec ? 0 : try_slots(s, recording_now(), e);
	if (!rc && !waits_for_exec && !s->is_done)
		rc = err_set(e, s->why.code, "probe memslots: process %d: %.180s", (int)pid,
			     s->why.msg);
	if (rc)
		free(s);
	else
		*state_out = s;
	return rc;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	return s->is_done || now_ns - s->last_look_ns < look_again_ns ? 0 : try_slots(s, now_ns, e);
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	const int rc = s->is_done ? 0 : try_slots(s, recording_now(), e);
	if (!s->is_done)
		recording_note(s->recording, "memslots: none: %s", s->why.msg);
	free(s);
	return rc;
}

const struct probe probe_memslots = {
	.name = "memslots",
	.summary = "where a VM's memory lies in its VMM (/proc/PID of a QEMU)",
	.coverage = "inferred from the VMM's command line and mappings",
	.side = PROBE_CPU,
	.is_of_target = true,
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};

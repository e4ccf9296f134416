// SPDX-License-Identifier: MIT
/*
 * A pin map from the past of a VM: a window of its trace, replayed under a design
 * without pins.
 *
 * Which pages. Those that faulted, most faults first: what they would have spared
 * per page is known. Of equal ones the page whose last fault is longest ago, as
 * who walks in circles comes to it next. A map may go on beside rows of pages
 * that faulted, as far as they are long: devices walk. Four maps are drawn up
 * from the first half of the past and replayed on its second half, which they do
 * not know: all pages within the budget, all and those ahead, half and a quarter
 * of them (a pin takes memory, and where that is short others fault instead).
 * The first of them, unless another one has fewer faults by 1 % of those without
 * pins, is drawn up anew from the whole past. If none spares 5 %, the map is empty.
 *
 * Until when. A page that came back over a time is believed to do so for as long
 * again, and as long as such pages stay away; one that was not seen to come back,
 * as long as the past was, in which nothing shows when it would. None for longer.
 *
 * What it promises rests on that second half, which the map had not seen
 * (replay/forecast.h), the lower bound also on what the whole past knows better.
 */
#ifndef PUGMARK_REPLAY_PINMAP_LEARN_H
#define PUGMARK_REPLAY_PINMAP_LEARN_H

#include "base/quantity.h"
#include "replay/pin-design.h"
#include "replay/pin-log.h"
#include "replay/pin-trace.h"
#include "replay/pin.h"
#include "replay/pinmap.h"

/* Everything is borrowed. */
struct pinmap_lesson {
	struct trace *trace;
	const char *path; /* for messages */
	const struct pin_devices *devices;
	struct pin_design *design; /* memory, backend, load; its policy pins nothing here */
	const char *design_name;
	uint64_t vm_pages; /* 0: as the trace says, else as many as it touches */
	struct quantity budget;
	uint64_t overcommit_ppm;
	uint64_t from_ns, to_ns; /* of the trace's clock, to is not in it; UINT64_MAX: its end */
	uint64_t horizon_ns; /* of the forecast; 0: as long as the past was, which is the most */
	uint64_t seed;
	unsigned threads; /* 0: 1 */
};

/*
 * Nothing after to_ns has an influence on the map, but the VM's size if the trace
 * does not tell it. ERR_UNUSABLE when the window has no access of a device, or the
 * trace only a share of all pages. out is to be released after success.
 */
int pinmap_learn(const struct pinmap_lesson *l, struct pinmap *out, struct err *e);

/* ---- in parts, for who needs the same past more than once ---- */

/* A replay without pins; begins zeroed, to be released whatever came out. */
struct pinmap_past {
	struct pin_facts facts;
	struct pin_job job; /* with log */
	struct pin_log log;
	uint64_t *frames;   /* of dense numbers, facts.unique_pages */
	uint32_t *released; /* by dense number: the mapping of before ended then; 0: never */
	uint8_t *mapped;    /* likewise: it is mapped for a device at noted_ns */
	uint64_t noted_ns;  /* both are known up to then */
};

/* Replays up to until_ns (0: all); mappings are noted up to l->to_ns. */
int pinmap_past_run(const struct pinmap_lesson *l, uint64_t until_ns, struct pinmap_past *out,
		    struct err *e);
void pinmap_past_deinit(struct pinmap_past *p);

/* As pinmap_learn, from a past that reaches to to_ns at least. */
int pinmap_learn_from(const struct pinmap_lesson *l, const struct pinmap_past *p,
		      struct pinmap *out, struct err *e);

/* A run of the lesson's trace and design, for jobs of pinmap_past's kind. */
int pinmap_run_of(const struct pinmap_lesson *l, uint64_t vm_pages, uint64_t until_ns,
		  struct pin_run *out, struct err *e);

/* The guest's page of a dense number, from pin_run's frames. */
uint64_t pinmap_frame(const uint64_t *frames, const struct pin_facts *f, uint32_t id);

/*
 * The map as a policy takes it, from start_ns on, by the dense numbers of a replay;
 * what that never touched gets numbers of its own. ERR_USAGE when the VM has fewer
 * pages than the map. The caller frees out->pages.
 */
int pinmap_apply(const struct pinmap *m, uint64_t start_ns, const uint64_t *frames,
		 const struct pin_facts *facts, struct policy_map *out, struct err *e);

#endif

// SPDX-License-Identifier: MIT
/*
 * When devices and the CPU use pages: the dma rows of a trace under an access
 * model, and its cpu rows, merged in time order (at the same time dma first).
 * A map is not an access (DESIGN section 4), so what a row means depends on
 * the model:
 *
 *		map				unmap
 *	near	to-device data is read		from-device data is written
 *	start	all data is used		-
 *	end	-				all data is used
 *	sweep	all data is used		all data is used
 *
 * Data of both or unknown direction is read at the map and written at the
 * unmap. `access` and `dirty` rows are accesses at their time in every model.
 * A coherent area (alloc) is live until its free: used at any time. With a
 * live period those uses are told as rows (replay/live.h), the alloc and free
 * rows say so (SWEPT), and an area whose device is idle is idle; without one
 * (0) the area is in use all the time, and its alloc is the only row.
 *
 * A mapping through which the device may write is open from its map to its
 * unmap. One that the trace never closes was written at an unknown time, so a
 * page whose mapping is open at the end of the trace counts as used until
 * then. Which mapping that will be is not known when the map is read: the
 * consumer counts OPEN and CLOSE. Where no such mapping of a device is ever
 * unmapped in the whole trace (its collector does not see it, or it maps once
 * and for all), each map is an access and its pages are live from then on (no uses are
 * made up for them: they may be all of memory). The model `start` knows nothing of this: there a
 *map is an access, and no more.
 *
 * Host-virtual and host-physical cpu rows are joined with guest memory by the
 * `memslot` rows (replay/slots.h), in pieces where they lie in several slots.
 *
 * Rows that tell no (possible) frames, and rows of another address space than most (an
 * IOVA among physical frames; guest-virtual cpu rows), have no page: they are
 * left out and counted.
 */
#ifndef PUGMARK_REPLAY_ACCESS_H
#define PUGMARK_REPLAY_ACCESS_H

#include "base/choices.h"
#include "base/err.h"
#include "base/param.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACCESS_ROW_PAGES_MAX = 1 << 28 }; /* 1 TiB; a row of more is taken for damage */

enum access_model { ACCESS_NEAR, ACCESS_START, ACCESS_END, ACCESS_SWEEP, ACCESS_MODELS };

/* "near" .. "sweep", NULL-terminated */
extern const char *const access_model_names[];

/* Their names, in order of the enum. */
void access_models(struct choices *c);

/* The option of commands that follow mappings (reports/options.h); at: of an enum access_model. */
#define ACCESS_OPTION(at)                                                             \
	{                                                                             \
		.name = "access", .arg = "MODEL", .kind = CLI_CHOICE, at,             \
		.choices = access_models, .what = "access model", .fallback = "near", \
		.help = "When mapped pages are used"                                  \
	}

/* What happens to the pages of a row, as bits; 0: nothing, skip the row. */
enum access_what {
	ACCESS_TOUCH = 1,       /* they are used */
	ACCESS_WRITE = 2,       /* and written; only with ACCESS_TOUCH */
	ACCESS_OPEN = 4,        /* a mapping begins through which the device may write */
	ACCESS_CLOSE = 8,       /* such a mapping ends; its map may lie before the trace */
	ACCESS_LIVE_BEGIN = 16, /* from here on they are used at any time */
	ACCESS_LIVE_END = 32,   /* until here; its begin may lie before the trace */
	ACCESS_BY_CPU = 64,     /* else by a device */
	ACCESS_SWEPT = 128,     /* with LIVE_*: what uses the area is told by rows of its own */
};

/* Columns, borrowed until the next call. Ranges stay ranges: expanding is the consumer's work. */
struct access_batch {
	const uint64_t *ts_ns;
	const uint64_t *first;     /* page number; first + npages - 1 does not wrap */
	const uint32_t *npages;    /* may be 0 */
	const uint16_t *dev;       /* device; UINT16_MAX: not known. The VM of a cpu row */
	const uint8_t *what;       /* enum access_what */
	const uint32_t *count;     /* cpu: touches in the period that begins at ts_ns */
	const uint64_t *period_ns; /* cpu: UINT64_MAX: not known; both NULL: no cpu rows */
	size_t n;
};

struct access_config {
	enum access_model model;
	bool without_cpu;        /* leave the cpu rows out */
	bool threaded;           /* decode ahead in a second thread */
	int dma_stream;          /* number in the trace; -1: the first of its kind */
	int cpu_stream;          /* likewise */
	uint64_t live_period_ns; /* between uses of a coherent area while its device works; 0: none
				  */
};

/* Section [access]: fills live_period_ns. */
extern const struct param access_params[];
extern const size_t access_nparams;

/* What open found out: the assumptions a screen must state. */
struct access_info {
	enum access_model model;
	uint64_t dma_rows, cpu_rows; /* of the streams; cpu_rows 0: no cpu stream is used */
	uint64_t end_ns;             /* the last event of the whole trace */
	enum address_space space;    /* of the pages */
	uint64_t dma_outside;        /* dma rows of another space */
	uint64_t dma_unknown;        /* dma rows without (possible) frames; complete at the end */
	uint64_t cpu_outside;      /* cpu rows of another space, not (all) in a memslot; likewise */
	uint64_t cpu_joined;       /* cpu rows that memslots gave their guest pages; likewise */
	unsigned directions;       /* bit per enum dma_dir of the dma rows; at the end, too */
	unsigned devices;          /* that have dma rows */
	unsigned devices_no_unmap; /* of them, that map for writing and never unmap */
	/*
	 * Share of page numbers that the sources kept (by hash of the number);
	 * 1,000,000: all. is_mixed: sources differ, and this is the least.
	 */
	uint64_t dma_sample_ppm, cpu_sample_ppm;
	bool is_sample_mixed;
	uint64_t live_period_ns;         /* as configured */
	uint64_t live_areas, live_pages; /* most coherent areas and their pages at a time, so far */
};

struct access;

/*
 * ERR_UNUSABLE without a dma stream: "an LBA is not a memory page". Reads the
 * short columns once beforehand, to know which devices unmap.
 */
int access_open(struct trace *t, const struct access_config *c, struct access **out, struct err *e);
void access_close(struct access *a);

const struct access_info *access_info(const struct access *a);

/* 1 and a batch of at least one row; 0 at the end; negative on damage, which ends the replay. */
int access_next(struct access *a, struct access_batch *out, struct err *e);

/* Back to the first row. */
void access_rewind(struct access *a);

#endif

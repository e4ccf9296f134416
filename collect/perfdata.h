// SPDX-License-Identifier: MIT
/*
 * perf.data files of `perf record`: file form and pipe form (-o -), with -z
 * (zstd over all COMPRESSED records). Gives the samples in the order of the
 * file, which is only roughly that of time (collect/perfqueue.h sorts them),
 * and what the file says about events, losses, clocks and the host.
 *
 * Damaged or cut files: what can still be found is delivered, each place that
 * was left out is told through the damage handler with its byte offset. The
 * formats of tracepoints stand behind the samples in the file form: a cut file
 * has none. Memory: fixed buffers and, for each event number (id) of the file,
 * a few words.
 *
 * Source: tools/perf/Documentation/perf.data-file-format.txt and
 * include/uapi/linux/perf_event.h (6.18). Leaves out: big-endian files, folders
 * (perf record --threads), AUX data (skipped), symbols and mappings.
 */
#ifndef PUGMARK_COLLECT_PERFDATA_H
#define PUGMARK_COLLECT_PERFDATA_H

#include "base/err.h"
#include "collect/input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PERFDATA_NAME_BYTES = 64,
	PERFDATA_TEXT_BYTES = 256,
	PERFDATA_MAGIC_BYTES = 8,
};

/* enum perf_type_id and software events, as far as we use them */
enum {
	PERFDATA_SOFTWARE = 1,
	PERFDATA_TRACEPOINT = 2,
	PERFDATA_HW_CACHE = 3, /* config: the cache in the lowest byte */
	PERFDATA_BREAKPOINT = 5
};
enum { PERFDATA_CACHE_DTLB = 3, PERFDATA_CACHE_ITLB = 4 };
enum { PERFDATA_PAGE_FAULTS = 2, PERFDATA_FAULTS_MINOR = 5, PERFDATA_FAULTS_MAJOR = 6 };

/* bits of sample_type */
enum {
	PERFDATA_HAS_TIME = 1 << 2,
	PERFDATA_HAS_ADDR = 1 << 3,
	PERFDATA_HAS_RAW = 1 << 10,
	PERFDATA_HAS_DATA_SRC = 1 << 15,
};

extern const char perfdata_magic[PERFDATA_MAGIC_BYTES];

struct perfdata_handlers {
	void *ctx;
	/* the format file of one tracepoint, borrowed during the call; other than 0 ends the
	 * opening */
	int (*format)(void *ctx, const char *system, const char *text, size_t n, struct err *e);
	/* a sentence without the file's name: "byte N: ..." */
	void (*damage)(void *ctx, const char *sentence);
	/* a ring buffer lost n records; times in the file's clock */
	void (*lost)(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n);
};

/* One event that was recorded (an -e of perf record). */
struct perfdata_attr {
	char name[PERFDATA_NAME_BYTES]; /* as perf calls it; "" where the file does not say */
	uint32_t type;
	uint64_t config, sample_type, read_format, branch_sample_type, regs_user;
	uint64_t period; /* samples every so many events, or (is_freq) so many a second */
	bool is_freq, has_clockid, has_id_trailer;
	int32_t clockid;
	uint64_t samples;     /* delivered so far */
	uint64_t bad;         /* that could not be read */
	uint64_t lost;        /* that the kernel says it lost: LOST_SAMPLES at the end */
	uint64_t bpf_dropped; /* that a filter program refused */
};

struct perfdata_info {
	bool is_pipe, has_compressed, has_formats;
	char hostname[PERFDATA_TEXT_BYTES], kernel[PERFDATA_TEXT_BYTES];
	char writer[PERFDATA_TEXT_BYTES], cpu[PERFDATA_TEXT_BYTES], command[PERFDATA_TEXT_BYTES];
	uint32_t ncpus;
	/* CLOCK_DATA: what CLOCK_REALTIME was when the clock was clock_ns */
	bool has_wall, has_tsc;
	uint64_t clock_ns, wall_ns;
	uint64_t tsc_shift, tsc_mult, tsc_zero; /* TIME_CONV: ns = zero + (ticks * mult >> shift) */
	uint64_t data_bytes;
	uint64_t ring_lost;    /* sum of LOST records */
	uint64_t lost_samples; /* of LOST_SAMPLES while recording */
	uint64_t throttled;    /* times that the kernel stopped an event for a while */
	uint64_t unknown;      /* samples of no known event */
	uint64_t skipped;      /* bytes left out as damage */
};

struct perfdata_sample {
	uint64_t ts, ip, addr, weight, data_src, period;
	uint32_t cpu; /* UINT32_MAX: not told */
	uint32_t pid, tid;
	uint32_t attr;
	uint32_t order;     /* samples of one number come in order of time */
	uint8_t cpu_mode;   /* 1 kernel, 2 user, 4 guest kernel, 5 guest user */
	bool is_round_end;  /* no sample: all buffers were emptied once */
	const uint8_t *raw; /* of a tracepoint; valid until the next call */
	uint32_t raw_len;
};

struct perfdata;

/*
 * Reads the header and all that stands outside of the records. handlers is
 * copied. ERR_UNUSABLE with file and reason when there are no records.
 */
int perfdata_open(struct input *in, const struct perfdata_handlers *handlers, struct perfdata **out,
		  struct err *e);
void perfdata_close(struct perfdata *d);

/* Both grow while records are read. */
const struct perfdata_info *perfdata_info(const struct perfdata *d);
const struct perfdata_attr *perfdata_attrs(const struct perfdata *d, uint32_t *n_out);

/* Bytes of records read so far, of info->data_bytes. */
uint64_t perfdata_position(const struct perfdata *d);

/* 1 and a sample (or the end of a round), 0 at the end, negative when reading itself fails. */
int perfdata_next(struct perfdata *d, struct perfdata_sample *out, struct err *e);

#endif

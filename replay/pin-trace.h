// SPDX-License-Identifier: MIT
/* What a trace's tables tell a pin replay: its devices by class, its losses. */
#ifndef PUGMARK_REPLAY_PIN_TRACE_H
#define PUGMARK_REPLAY_PIN_TRACE_H

#include "replay/pin-cell.h"
#include "store/trace.h"

enum { PIN_SOURCES_MAX = 16 };

/* Who produced rows, and what of the truth it can see. */
struct pin_source {
	unsigned id;
	char name[40], coverage[140]; /* as its row says; cut */
	bool is_cpu;
	unsigned directions; /* of its accesses: bit per enum dma_dir */
	uint64_t period_ns;  /* cpu: longest of its first rows; 0: none told */
};

struct pin_devices {
	uint8_t class_of_dev[1 << 16]; /* enum pin_class */
	uint8_t list_of_dev[1 << 16];  /* devices with dma rows, numbered in order */
	uint8_t class_of_list[1 << 8]; /* enum pin_class, by that number */
	unsigned nlists;
	unsigned ndevices[PIN_CLASSES];     /* with dma rows */
	uint8_t directions_of_dev[1 << 16]; /* of maps and accesses, as in struct pin_source */
	unsigned no_reads, no_writes;       /* devices that were never seen to read, write memory */
	struct pin_source sources[PIN_SOURCES_MAX]; /* of dma and cpu rows; more are left out */
	unsigned nsources;
};

/* ERR_FEATURE when more than 255 devices have dma rows. */
int pin_devices_read(struct trace *t, struct pin_devices *out, struct err *e);

/* The VM's name; "" when the trace tells none. */
void pin_vm_name(const struct trace *t, char *name_out, size_t bytes);

/* The middle of its device rows; what the CPU did before and after does not count. */
uint64_t pin_middle_ns(const struct trace *t);

/* Rows of all streams. */
uint64_t pin_rows(const struct trace *t);

/* Events that the loss table admits to; is_unknown_out: a loss without a number. */
uint64_t pin_lost_events(const struct trace *t, bool *is_unknown_out);

#endif

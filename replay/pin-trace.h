// SPDX-License-Identifier: MIT
/* What a trace's tables tell a pin replay: its devices by class, its losses. */
#ifndef PUGMARK_REPLAY_PIN_TRACE_H
#define PUGMARK_REPLAY_PIN_TRACE_H

#include "replay/pin-cell.h"
#include "store/trace.h"

struct pin_devices {
	uint8_t class_of_dev[1 << 16]; /* enum pin_class */
	uint8_t list_of_dev[1 << 16];  /* devices with dma rows, numbered in order */
	unsigned nlists;
	unsigned ndevices[PIN_CLASSES]; /* with dma rows */
};

/* ERR_FEATURE when more than 255 devices have dma rows. */
int pin_devices_read(struct trace *t, struct pin_devices *out, struct err *e);

/* Events that the loss table admits to; is_unknown_out: a loss without a number. */
uint64_t pin_lost_events(const struct trace *t, bool *is_unknown_out);

#endif

// SPDX-License-Identifier: MIT
/*
 * Devices named by tracepoints: numbers of our own while rows are joined,
 * numbers of the trace once one has a row. Found by the bytes of the name.
 */
#ifndef PUGMARK_COLLECT_TRACEPOINT_DEVICES_H
#define PUGMARK_COLLECT_TRACEPOINT_DEVICES_H

#include "base/err.h"
#include "collect/tracepoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum device_class { DEVICE_OTHER, DEVICE_NVME, DEVICE_NIC, DEVICE_BLOCK, DEVICE_CLASSES };

struct devices;

/* learnt (may be NULL): votes of a first pass decide classes; borrowed during the call. */
int devices_new(const struct devices *learnt, struct devices **out, struct err *e);
/* The same for what another pass found, of devices without a row so far. */
void devices_learn(struct devices *d, const struct devices *learnt);
void devices_free(struct devices *d);

/*
 * Our number of a name, made at first sight. Names that cannot be one (empty,
 * not printable, too long) and those beyond the table share "unknown".
 */
int devices_find(struct devices *d, const char *name, size_t len, enum device_class class,
		 uint16_t *out, struct err *e);

/* Of a block device: dev is the kernel's dev_t, major << 20 | minor; its name "major:minor". */
int devices_find_block(struct devices *d, uint32_t dev, uint16_t *out, struct err *e);

/* A mapping of the device came right after an event of that class. */
void devices_vote(struct devices *d, uint16_t dev, bool is_to_device, enum device_class class);

/* A mapping of the device told both addresses. */
void devices_address(struct devices *d, uint16_t dev, bool is_same);

/*
 * In the first pass every mapping of the device (enough of them) had its
 * physical address on the bus: no IOMMU translates for it.
 */
bool devices_is_direct(const struct devices *d, uint16_t dev);

/* The sink's number of ours (any number that is none of ours: of "unknown"). */
int devices_number(struct devices *d, uint16_t dev, const struct tracepoint_sink *sink,
		   uint16_t *out, struct err *e);

#endif

// SPDX-License-Identifier: MIT
/* Open-addressed table of names; the device asked for last is tried first. */
#include "collect/tracepoint-devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum {
	DEVICES_MAX = 1 << 10,
	SLOTS = 4 * DEVICES_MAX,
	NAME_BYTES = 48,
	VOTES_LEAST = 4,
	DIRECT_LEAST = 16,
};

struct device {
	char name[NAME_BYTES];
	uint8_t len, class;
	bool has_number;
	uint16_t number; /* in the sink */
	uint64_t maps, maps_to_device, votes[DEVICE_CLASSES];
	uint64_t direct, translated; /* mappings */
	bool is_direct;              /* as learnt in the first pass */
};

struct devices {
	struct device table[DEVICES_MAX]; /* 0 is "unknown" */
	uint16_t n;
	uint16_t slots[SLOTS]; /* index + 1 */
	uint16_t last;
	uint32_t last_block; /* dev_t */
	uint16_t last_block_index;
	bool has_last_block;
};

static const char *const class_names[] = { "other", "nvme", "nic", "block" };

/*
 * The class that most of a device's mappings speak for, an eighth of them at
 * least (one request may make several); network cards are told by what they
 * send, so by their mappings to the device.
 */
static uint8_t class_by_votes(const struct device *x)
{
	uint8_t best = DEVICE_OTHER;
	if (x->class != DEVICE_OTHER)
		return x->class;
	for (uint8_t c = DEVICE_OTHER + 1; c < DEVICE_CLASSES; c++) {
		const uint64_t of = c == DEVICE_NIC ? x->maps_to_device : x->maps;
		if (x->votes[c] >= VOTES_LEAST && 8 * x->votes[c] >= of &&
		    (best == DEVICE_OTHER || x->votes[c] > x->votes[best]))
			best = c;
	}
	return best;
}

static int add(struct devices *d, const char *name, size_t len, enum device_class class)
{
	struct device *x = &d->table[d->n];
	*x = (struct device){ .len = (uint8_t)len, .class = (uint8_t) class };
	memcpy(x->name, name, len);
	return d->n++;
}

int devices_new(const struct devices *learnt, struct devices **out, struct err *e)
{
	struct devices *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(e, ERR_NOMEM, "no memory for devices");
	*out = d;
	add(d, "unknown", strlen("unknown"), DEVICE_OTHER);
	if (learnt)
		devices_learn(d, learnt);
	return 0;
}

void devices_learn(struct devices *d, const struct devices *learnt)
{
	for (uint16_t i = 1; i < learnt->n; i++) {
		const struct device *x = &learnt->table[i];
		uint16_t at;
		devices_find(d, x->name, x->len, class_by_votes(x), &at, NULL);
		struct device *to = &d->table[at];
		if (!at || to->has_number)
			continue;
		to->is_direct = x->direct >= DIRECT_LEAST && !x->translated;
		if (to->class == DEVICE_OTHER)
			to->class = class_by_votes(x);
	}
}

void devices_free(struct devices *d)
{
	free(d);
}

static bool is_name(const char *name, size_t len)
{
	if (!len || len >= NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}

static bool is_called(const struct device *x, const char *name, size_t len)
{
	return x->len == len && !memcmp(x->name, name, len);
}

int devices_find(struct devices *d, const char *name, size_t len, enum device_class class,
		 uint16_t *out, struct err *e)
{
	(void)e;
	if (is_called(&d->table[d->last], name, len)) {
		*out = d->last;
		return 0;
	}
	*out = 0;
	if (!is_name(name, len))
		return 0;

	uint32_t slot = (uint32_t)XXH64(name, len, 0) % SLOTS;
	for (; d->slots[slot]; slot = (slot + 1) % SLOTS)
		if (is_called(&d->table[d->slots[slot] - 1], name, len))
			break;
	if (!d->slots[slot]) {
		if (d->n == DEVICES_MAX)
			return 0;
		d->slots[slot] = (uint16_t)(add(d, name, len, class) + 1);
	}
	*out = d->last = (uint16_t)(d->slots[slot] - 1);
	return 0;
}

int devices_find_block(struct devices *d, uint32_t dev, uint16_t *out, struct err *e)
{
	if (!d->has_last_block || d->last_block != dev) {
		char name[24];
		const int n = snprintf(name, sizeof(name), "%u:%u", dev >> 20, dev & 0xfffff);
		const int rc =
			devices_find(d, name, (size_t)n, DEVICE_BLOCK, &d->last_block_index, e);
		if (rc)
			return rc;
		d->last_block = dev;
		d->has_last_block = true;
	}
	*out = d->last_block_index;
	return 0;
}

void devices_vote(struct devices *d, uint16_t dev, bool is_to_device, enum device_class class)
{
	struct device *x = &d->table[dev];
	x->maps++;
	x->maps_to_device += is_to_device;
	x->votes[class]++;
}

void devices_address(struct devices *d, uint16_t dev, bool is_same)
{
	struct device *x = &d->table[dev];
	x->direct += is_same;
	x->translated += !is_same;
}

bool devices_is_direct(const struct devices *d, uint16_t dev)
{
	return d->table[dev].is_direct;
}

int devices_number(struct devices *d, uint16_t dev, const struct tracepoint_sink *sink,
		   uint16_t *out, struct err *e)
{
	struct device *x = &d->table[dev < d->n ? dev : 0];
	if (!x->has_number && sink->device) {
		const struct trace_device device = {
			.bdf = x->name,
			.class = class_names[x->class],
			.coverage = x == d->table ? "iommu:* without dma:*: device not told" : NULL,
		};
		const int rc = sink->device(sink->ctx, &device, &x->number, e);
		if (rc)
			return rc;
		x->has_number = true;
	}
	*out = x->number;
	return 0;
}

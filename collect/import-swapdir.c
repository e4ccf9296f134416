// SPDX-License-Identifier: MIT
/*
 * A folder that records a guest whose memory the host really swapped: what its
 * devices and CPUs touched, every host fault, which pages were out, and the
 * limit. Its truth is what `pugmark pin --backtest` is scored against. The
 * form is that of meta.json with cpu_epoch0_ns; see collect/swapdir.h.
 *
 * A file that is missing beside meta.json and dma.csv is told as damage: the
 * rest can still be used. Replays from the start when it is resumed.
 */
#include "collect/swapdir.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	static const char key[] = "\"cpu_epoch0_ns\"";

	(void)is_whole;
	return n && *head == '{' && memmem(head, n, key, sizeof(key) - 1) ? 90 : 0;
}

/* Whether the error leaves the other files usable; then it is told as damage. */
static int survive(struct swapdir *d, enum swapdir_member member, const struct err *why,
		   struct err *e)
{
	const bool is_ours = why->code == ERR_NOINPUT || why->code == ERR_UNUSABLE;

	if (!is_ours || member == SWAPDIR_DMA)
		return err_set(e, why->code, "%s", why->msg);
	import_damage(d->im, "%s", why->msg);
	return trace_writer_loss(d->im->w, swapdir_member_names[member], 0, 0, 0, "damage",
				 why->msg, e);
}

static int read_member(struct swapdir *d, enum swapdir_member member, struct err *e)
{
	struct import *im = d->im;
	struct input *meta = im->in;
	struct err why = {};
	char name[32];

	snprintf(name, sizeof(name), "%s.csv", swapdir_member_names[member]);
	int rc = import_open_member(im->folder, name, &im->in, &why);
	if (!rc)
		rc = swapdir_read_member(d, member, &why);
	if (im->in != meta)
		input_close(im->in);
	im->in = meta;
	return rc ? survive(d, member, &why, e) : 0;
}

static int run(struct import *im, struct err *e)
{
	struct swapdir d = { .im = im };

	if (!im->folder)
		return err_set(e, ERR_UNUSABLE, "%s: expected the folder it lies in",
			       input_name(im->in));
	int rc = swapdir_read_meta(im, &d.meta, e);
	for (int m = 0; !rc && m < SWAPDIR_MEMBERS; m++)
		rc = read_member(&d, (enum swapdir_member)m, e);
	im->at.stored = d.rows_stored;
	im->at.filtered = d.rows_filtered;
	im->at.bad = d.rows_bad;
	if (rc || d.rows_stored)
		return rc;
	return err_set(e, ERR_UNUSABLE, "%s: its files hold no row", im->folder);
}

const struct importer import_swapdir = {
	.name = "swapdir",
	.summary = "a folder that records a guest under host swap: meta.json, dma.csv, cpu.csv ..",
	.folder_member = "meta.json",
	.extensions = "",
	.sniff = sniff,
	.run = run,
};

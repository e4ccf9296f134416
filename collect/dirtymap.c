// SPDX-License-Identifier: MIT
/*
 * Runs of bits, and the two ioctls of iommufd behind them: IOMMU_HWPT_SET_DIRTY_
 * TRACKING and IOMMU_HWPT_GET_DIRTY_BITMAP of Linux 6.7. Their arguments are
 * declared here, because headers that know them are newer than Debian 12's.
 *
 * Untested on hardware: an IOMMU that tracks dirty pages (AMD, VT-d scalable
 * mode, SMMUv3 with HTTU) and a device assigned through iommufd are needed.
 */
#include "collect/dirtymap.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- the kernel's interface ---- */

enum { HWPT_SET_DIRTY_TRACKING = 0x8b, HWPT_GET_DIRTY_BITMAP = 0x8c, TRACKING_ENABLE = 1 };

struct set_dirty_tracking {
	__u32 size, flags, hwpt_id, reserved;
};

struct get_dirty_bitmap {
	__u32 size, hwpt_id, flags, reserved;
	__aligned_u64 iova, length, page_size, data;
};

_Static_assert(sizeof(struct set_dirty_tracking) == 16 && sizeof(struct get_dirty_bitmap) == 48,
	       "as the kernel lays them out");

static int iommufd_set_tracking(void *ctx, bool is_on)
{
	const struct dirtymap_iommufd *x = ctx;
	struct set_dirty_tracking a = { .size = sizeof(a),
					.flags = is_on ? TRACKING_ENABLE : 0,
					.hwpt_id = x->hwpt };
	return ioctl(x->fd, _IO(';', HWPT_SET_DIRTY_TRACKING), &a) ? -errno : 0;
}

static int iommufd_read_clear(void *ctx, uint64_t iova, uint64_t length, uint64_t page_bytes,
			      uint64_t *bitmap)
{
	const struct dirtymap_iommufd *x = ctx;
	struct get_dirty_bitmap a = {
		.size = sizeof(a),
		.hwpt_id = x->hwpt,
		.iova = iova,
		.length = length,
		.page_size = page_bytes,
		.data = (uintptr_t)bitmap,
	};
	return ioctl(x->fd, _IO(';', HWPT_GET_DIRTY_BITMAP), &a) ? -errno : 0;
}

const struct dirtymap_ops dirtymap_iommufd_ops = {
	.set_tracking = iommufd_set_tracking,
	.read_clear = iommufd_read_clear,
};

/* ---- runs ---- */

static int fail(int rc, const char *what, struct err *e)
{
	const enum err_code code = rc == -EPERM || rc == -EACCES ? ERR_PERM : ERR_FEATURE;
	return err_set(e, code, "iommufd: %s: %s%s", what, strerror(-rc),
		       rc == -ENOTTY       ? " (no iommufd, or a kernel before 6.7)"
		       : rc == -EOPNOTSUPP ? " (this IOMMU does not track what devices write)"
		       : rc == -ENOENT     ? " (no such page table, or nothing is mapped there)"
					   : "");
}

struct runs {
	int (*put)(void *ctx, uint64_t iova, uint64_t length, struct err *e);
	void *ctx;
	uint64_t start, length; /* the run that goes on; length 0: none */
};

static int end_run(struct runs *r, struct err *e)
{
	const uint64_t length = r->length;
	r->length = 0;
	return length && r->put ? r->put(r->ctx, r->start, length, e) : 0;
}

static int add_pages(struct runs *r, uint64_t iova, uint64_t length, struct err *e)
{
	int rc = 0;
	if (r->length && r->start + r->length != iova)
		rc = end_run(r, e);
	if (!r->length)
		r->start = iova;
	r->length += length;
	return rc;
}

static int read_piece(struct dirtymap *m, uint64_t iova, uint64_t bits, struct runs *r,
		      struct err *e)
{
	memset(m->bitmap, 0, sizeof(m->bitmap));
	int rc = m->ops->read_clear(m->ctx, iova, bits * m->page_bytes, m->page_bytes, m->bitmap);
	if (rc)
		return fail(rc, "reading its dirty bitmap", e);
	for (uint64_t word = 0; word * 64 < bits && !rc; word++)
		for (uint64_t left = m->bitmap[word]; left && !rc; left &= left - 1) {
			const uint64_t bit = word * 64 + (uint64_t)__builtin_ctzll(left);
			if (bit < bits)
				rc = add_pages(r, iova + bit * m->page_bytes, m->page_bytes, e);
		}
	return rc;
}

int dirtymap_read(struct dirtymap *m,
		  int (*put)(void *ctx, uint64_t iova, uint64_t length, struct err *e),
		  void *put_ctx, struct err *e)
{
	struct runs r = { .put = put, .ctx = put_ctx };
	const uint64_t pages = m->length / m->page_bytes;
	int rc = 0;
	for (uint64_t at = 0, bits; at < pages && !rc; at += bits) {
		bits = pages - at < DIRTYMAP_PIECE_BITS ? pages - at : DIRTYMAP_PIECE_BITS;
		rc = read_piece(m, m->iova + at * m->page_bytes, bits, &r, e);
	}
	return rc ? rc : end_run(&r, e);
}

int dirtymap_begin(struct dirtymap *m, struct err *e)
{
	uint64_t end;
	if (!m->length || m->page_bytes & (m->page_bytes - 1) || m->iova % m->page_bytes ||
	    m->length % m->page_bytes || __builtin_add_overflow(m->iova, m->length, &end))
		return err_set(e, ERR_USAGE, "iommufd: iova and length: expected whole pages");
	int rc = m->ops->set_tracking(m->ctx, true);
	if (rc)
		return fail(rc, "turning dirty tracking on", e);
	rc = dirtymap_read(m, NULL, NULL, e);
	if (rc)
		m->ops->set_tracking(m->ctx, false);
	return rc;
}

int dirtymap_end(struct dirtymap *m, struct err *e)
{
	const int rc = m->ops->set_tracking(m->ctx, false);
	return rc ? fail(rc, "turning dirty tracking off", e) : 0;
}

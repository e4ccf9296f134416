// SPDX-License-Identifier: MIT
/*
 * The key, and rows: what each column of each kind becomes. A column that is
 * not in the table below is kept; the assertions make a new column fail to
 * compile until somebody has decided.
 */
#include "collect/pseudonym.h"

#include "base/cleanup.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the key ---- */

static int check_key_file(int fd, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "%s: is no file: a key is a file of %d bytes or more",
			       path, PSEUDONYM_KEY_BYTES_MIN);
	if (st.st_mode & 077)
		return err_set(e, ERR_PERM, "%s: others may read it (mode %04o): chmod 600 it",
			       path, (unsigned)st.st_mode & 07777);
	if (st.st_uid != geteuid() && st.st_uid)
		return err_set(e, ERR_PERM, "%s: belongs to user %u, who could read it", path,
			       (unsigned)st.st_uid);
	return 0;
}

static int read_key(const char *path, uint8_t *key, size_t *n_out, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	if (fd < 0)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	int rc = check_key_file(fd, path, e);
	while (!rc && n <= PSEUDONYM_KEY_BYTES_MAX) {
		const ssize_t got = read(fd, key + n, PSEUDONYM_KEY_BYTES_MAX + 1 - n);
		if (got < 0)
			return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
		if (!got)
			break;
		n += (size_t)got;
	}
	*n_out = n;
	if (!rc && n < PSEUDONYM_KEY_BYTES_MIN)
		return err_set(e, ERR_USAGE, "%s: %zu bytes: a key has %d or more", path, n,
			       PSEUDONYM_KEY_BYTES_MIN);
	if (!rc && n > PSEUDONYM_KEY_BYTES_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d bytes: is it a key?", path,
			       PSEUDONYM_KEY_BYTES_MAX);
	return rc;
}

/* A secret of its own for each purpose. */
static void derive(const uint8_t *key, size_t n, const char *purpose, uint8_t out[SHA256_BYTES])
{
	struct sha256 s;
	sha256_init(&s);
	sha256_update(&s, "pugmark pseudonym 1", 20);
	sha256_update(&s, purpose, strlen(purpose) + 1);
	sha256_update(&s, key, n);
	sha256_final(&s, out);
	explicit_bzero(&s, sizeof(s));
}

int pseudonym_init(struct pseudonym *p, const char *key_path, unsigned grain_shift, struct err *e)
{
	static const char *const purposes[] = { "page", "block",  "slot",    "object",
						"task", "number", "sequence" };
	uint8_t key[PSEUDONYM_KEY_BYTES_MAX + 1], derived[SHA256_BYTES];
	size_t n = 0;
	_Static_assert(sizeof(purposes) / sizeof(*purposes) == PSEUDONYM_SPACES, "a key each");
	*p = (struct pseudonym){ .grain_shift = grain_shift };
	const int rc = read_key(key_path, key, &n, e);
	for (unsigned i = 0; !rc && i < PSEUDONYM_SPACES; i++) {
		derive(key, n, purposes[i], derived);
		memcpy(&p->keys[i], derived, sizeof(p->keys[i]));
	}
	if (!rc) {
		derive(key, n, "name", p->secret);
		derive(key, n, "clock", derived);
		memcpy(&p->clock_shift_ns, derived, sizeof(uint64_t));
		memcpy(&p->wall_shift_ns, derived + 8, sizeof(uint64_t));
		p->clock_shift_ns >>= 8; /* 2.3 years: sums stay below 2^63 */
		p->wall_shift_ns >>= 8;
	}
	explicit_bzero(key, sizeof(key));
	explicit_bzero(derived, sizeof(derived));
	return rc;
}

void pseudonym_deinit(struct pseudonym *p)
{
	explicit_bzero(p, sizeof(*p));
}

/* ---- single values ---- */

enum { OPEN_PAGES_SHIFT = 20 }; /* pages below 4 GiB: the least crowd a page hides in */

uint64_t pseudonym_page(const struct pseudonym *p, enum pseudonym_space s, uint64_t page)
{
	const unsigned shift = p->grain_shift;
	const unsigned first = OPEN_PAGES_SHIFT - shift;
	return permute_open(&p->keys[s], first, page >> shift) << shift |
	       (page & ((UINT64_C(1) << shift) - 1));
}

void pseudonym_name(const struct pseudonym *p, const char *prefix, const char *name,
		    char out[PSEUDONYM_NAME_BYTES])
{
	struct sha256 s;
	uint8_t digest[SHA256_BYTES];
	sha256_init(&s);
	sha256_update(&s, p->secret, sizeof(p->secret));
	sha256_update(&s, prefix, strlen(prefix) + 1);
	sha256_update(&s, name, strlen(name));
	sha256_final(&s, digest);
	snprintf(out, PSEUDONYM_NAME_BYTES, "%.20s-%02x%02x%02x%02x%02x%02x", prefix, digest[0],
		 digest[1], digest[2], digest[3], digest[4], digest[5]);
}

/* A number of up to `bits` bits that is not "not observed" does not become that. */
static uint64_t other_number(const struct pseudonym *p, enum pseudonym_space s, unsigned bits,
			     uint64_t v)
{
	return permute(&p->keys[s], (UINT64_MAX >> (64 - bits)) - 1, v);
}

/* Sequence numbers move by an amount of their flow: what is between them stays. */
static uint64_t other_sequence(const struct pseudonym *p, uint64_t flow, uint64_t seq)
{
	const uint32_t moved =
		(uint32_t)(seq + siphash(&p->keys[PSEUDONYM_SEQUENCE], &flow, sizeof(flow)));
	return moved == UINT32_MAX ? moved - 1 : moved; /* that one means "not observed" */
}

/* ---- columns ---- */

enum role {
	KEEP,
	PAGES,   /* a page, or the first of npages */
	BLOCKS,  /* the first of blocks of 512 bytes */
	OBJECTS, /* the first of npages */
	ADDRESS, /* of bytes, or of one */
	SLOT,
	TASK,
	PASID,
	NUMBER,
	SEQUENCE,
	LEAVE_OUT, /* not observed */
};

/* clang-format off */
static const uint8_t roles[KIND_COUNT][KIND_MAX_COLUMNS] = {
	[KIND_DMA] = { [DMA_COL_pfn] = PAGES, [DMA_COL_req] = NUMBER },
	[KIND_OBJECT] = { [OBJECT_COL_obj] = OBJECTS },
	[KIND_IO] = { [IO_COL_lba] = BLOCKS },
	[KIND_CPU] = { [CPU_COL_pfn] = PAGES },
	[KIND_MEM] = { [MEM_COL_asid] = TASK, [MEM_COL_va] = ADDRESS },
	[KIND_FAULT] = { [FAULT_COL_asid] = TASK, [FAULT_COL_va] = ADDRESS,
			 [FAULT_COL_pfn] = PAGES, [FAULT_COL_ip] = LEAVE_OUT },
	[KIND_IOPF] = { [IOPF_COL_pfn] = PAGES, [IOPF_COL_pasid] = PASID },
	[KIND_PKT] = { [PKT_COL_flow] = NUMBER, [PKT_COL_seq] = SEQUENCE },
	[KIND_WALK] = { [WALK_COL_asid] = TASK, [WALK_COL_va] = ADDRESS },
	[KIND_PT] = { [PT_COL_asid] = TASK, [PT_COL_va] = ADDRESS, [PT_COL_pfn] = PAGES },
	[KIND_PTPAGE] = { [PTPAGE_COL_asid] = TASK, [PTPAGE_COL_pfn] = PAGES },
	[KIND_SWAP] = { [SWAP_COL_pfn] = PAGES, [SWAP_COL_slot] = SLOT },
};
/* clang-format on */

_Static_assert(KIND_COUNT == 12, "decide what of the new kind tells who or where");
_Static_assert(DMA_NCOLS == 12 && OBJECT_NCOLS == 6 && IO_NCOLS == 9 && CPU_NCOLS == 9 &&
		       MEM_NCOLS == 5 && FAULT_NCOLS == 10 && IOPF_NCOLS == 20 && PKT_NCOLS == 10 &&
		       WALK_NCOLS == 10 && PT_NCOLS == 8 && PTPAGE_NCOLS == 10 && SWAP_NCOLS == 10,
	       "decide what of the new column tells who or where");

/* All but ranges, which the parts of a row bring */
static uint64_t other_value(const struct pseudonym *p, const struct kind *k, unsigned column,
			    const uint64_t *row)
{
	const uint64_t v = row[column];
	if (k->columns[column].is_nullable && v == kind_null(k->columns[column].width_bytes))
		return v;
	switch ((enum role)roles[k->id][column]) {
	case TASK:
		return other_number(p, PSEUDONYM_TASK, 32, v);
	case PASID: /* 20 bits by PCIe */
		return other_number(p, PSEUDONYM_TASK, v >> 20 ? 32 : 20, v);
	case NUMBER:
		return other_number(p, PSEUDONYM_NUMBER, 64, v);
	case SEQUENCE:
		return other_sequence(p, row[PKT_COL_flow], v);
	case SLOT:
		return pseudonym_page(p, PSEUDONYM_SLOT, v);
	case LEAVE_OUT:
		return kind_null(k->columns[column].width_bytes);
	default:
		return v;
	}
}

/* ---- ranges ---- */

enum { PARTS_MAX_SHIFT = 22 }; /* of a row: 8 TiB in grains of 2 MiB */

/* The range of a row, in units of which a grain has 1 << shift. */
struct range {
	unsigned column, shift;
	enum pseudonym_space space;
	unsigned unit_shift; /* of a page */
	uint64_t first, count;
};

static bool range_of(const struct pseudonym *p, const struct kind *k, const uint64_t *row,
		     unsigned column, struct range *out)
{
	const uint64_t v = row[column];
	const enum role role = roles[k->id][column];
	*out = (struct range){ .column = column, .first = v, .count = 1 };
	if (k->columns[column].is_nullable && v == kind_null(k->columns[column].width_bytes))
		return false;
	if (role == PAGES || role == OBJECTS) {
		out->space = role == PAGES ? PSEUDONYM_PAGE : PSEUDONYM_OBJECT;
		out->count = k->npages >= 0 ? row[k->npages] : 1;
	} else if (role == BLOCKS) {
		const uint64_t bytes = k->bytes >= 0 ? row[k->bytes] : 0;
		out->space = PSEUDONYM_BLOCK;
		out->unit_shift = PAGE_SHIFT - 9;
		out->count = bytes / BLOCK_BYTES + !!(bytes % BLOCK_BYTES);
	} else if (role == ADDRESS) {
		out->space = PSEUDONYM_PAGE;
		out->unit_shift = PAGE_SHIFT;
		out->count = k->id == KIND_MEM ? row[MEM_COL_bytes] : 1;
	} else {
		return false;
	}
	out->shift = p->grain_shift + out->unit_shift;
	return true;
}

/* From unit `at` of the range to the end of its grain, or of the range. */
static uint64_t part_of(const struct range *x, uint64_t at)
{
	const uint64_t grain = UINT64_C(1) << x->shift;
	const uint64_t room = grain - ((x->first + at) & (grain - 1));
	return x->count - at < room ? x->count - at : room;
}

static uint64_t other_unit(const struct pseudonym *p, const struct range *x, uint64_t unit)
{
	const uint64_t within = unit & ((UINT64_C(1) << x->unit_shift) - 1);
	return pseudonym_page(p, x->space, unit >> x->unit_shift) << x->unit_shift | within;
}

/* What of a dma row's bytes lies in pages before `page` of it. */
static uint64_t bytes_before(const uint64_t *row, uint64_t page)
{
	const uint64_t offset = row[DMA_COL_offset], at = page << PAGE_SHIFT;
	const uint64_t before = at > offset ? at - offset : 0;
	return before < row[DMA_COL_bytes] ? before : row[DMA_COL_bytes];
}

/* Sizes of the part [at, at + n) of a row, in the row's own columns. */
static void cut_row(const struct kind *k, const uint64_t *row, uint64_t at, uint64_t n,
		    bool is_last, uint64_t *part)
{
	switch (k->id) {
	case KIND_DMA:
		part[DMA_COL_bytes] = (is_last ? row[DMA_COL_bytes] : bytes_before(row, at + n)) -
				      bytes_before(row, at);
		part[DMA_COL_offset] = at ? 0 : row[DMA_COL_offset];
		break;
	case KIND_IO:
		part[IO_COL_bytes] = is_last ? row[IO_COL_bytes] - at * BLOCK_BYTES
					     : n * BLOCK_BYTES;
		break;
	case KIND_MEM:
		part[MEM_COL_bytes] = n;
		break;
	case KIND_SWAP:
		if (part[SWAP_COL_slot] != UINT64_MAX)
			part[SWAP_COL_slot] += at;
		break;
	default:
		break;
	}
	if (k->npages >= 0)
		part[k->npages] = n;
}

static int put_parts(const struct pseudonym *p, struct trace_stream *s, const uint64_t *row,
		     const struct range *x, struct pseudonym_counts *counts, struct err *e)
{
	const struct kind *k = s->kind;
	uint64_t part[KIND_MAX_COLUMNS];
	if (x->count >> x->shift >> PARTS_MAX_SHIFT)
		return err_set(
			e, ERR_UNUSABLE,
			"%s row %llu spans more than %u grains: --keep-adjacency must be larger",
			k->name, (unsigned long long)counts->rows_in, 1U << PARTS_MAX_SHIFT);
	for (uint64_t at = 0, n; at < x->count; at += n) {
		n = part_of(x, at);
		const bool is_last = at + n == x->count;
		memcpy(part, row, sizeof(part));
		if (n < x->count)
			cut_row(k, row, at, n, is_last, part);
		for (unsigned i = 0; i < k->ncolumns; i++)
			part[i] = i == x->column ? other_unit(p, x, x->first + at)
						 : other_value(p, k, i, part);
		const int rc = trace_stream_put(s, part, e);
		if (rc)
			return rc;
		counts->rows_out++;
		counts->io_cut += k->id == KIND_IO && !is_last;
	}
	return 0;
}

int pseudonym_put(const struct pseudonym *p, struct trace_stream *s, uint64_t *values,
		  struct pseudonym_counts *counts, struct err *e)
{
	const struct kind *k = s->kind;
	struct range x = {}, other;
	bool has_range = false;
	counts->rows_in++;
	for (unsigned i = 0; i < k->ncolumns; i++) {
		if (!range_of(p, k, values, i, &other))
			continue;
		/* one range a row; a second one (fault: pfn beside va) is a single page */
		if (!has_range || other.count > x.count) {
			if (has_range)
				values[x.column] = other_unit(p, &x, x.first);
			x = other;
			has_range = true;
		} else {
			values[i] = other_unit(p, &other, other.first);
		}
	}
	if (!has_range || !x.count || x.first + x.count - 1 < x.first) {
		x.column = has_range ? x.column : KIND_MAX_COLUMNS;
		x.count = 1; /* no data, or past the end of all numbers: by its first page */
	}
	return put_parts(p, s, values, &x, counts, e);
}

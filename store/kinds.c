// SPDX-License-Identifier: MIT
/* The tables behind store/kinds.h: columns, names and lookups. */
#include "store/kinds.h"

#include <string.h>

const char *const kind_dma_op_names[] = {
	"map", "unmap", "alloc", "free", "access", "dirty", NULL
};
const char *const kind_dir_names[] = { "unknown", "to-device", "from-device", "both", NULL };
const char *const kind_as_names[] = { "unknown", "pa",  "gva", "gpa", "iova",
				      "hpa",     "lba", "hva", NULL };
const char *const kind_io_op_names[] = { "read", "write", "flush", "discard", "other", NULL };
const char *const kind_rw_names[] = { "load", "store", "modify", NULL };
const char *const kind_outcome_names[] = { "done", "failed", "joined", "unknown", NULL };
const char *const kind_tier_names[] = { "unknown", "zswap", "ssd", "remote", NULL };
const char *const kind_pt_op_names[] = { "set",  "clear", "invlpg", "cr3",
					 "fork", "exec",  "exit",   NULL };
const char *const kind_swap_op_names[] = { "out", "in", "absent", NULL };

enum { NEVER = false, MAX = true };

#define COLUMN(field, type, sql, tr, pk, null, nm) \
	{ .name = #field,                          \
	  .sql_name = sql,                         \
	  .width_bytes = sizeof(type),             \
	  .transform = TRANSFORM_##tr,             \
	  .pack = PACK_##pk,                       \
	  .is_nullable = null,                     \
	  .names = nm },

#define K(lower, UPPER, schema)                                                          \
	static const struct kind_column lower##_columns[] = { UPPER##_COLUMNS(COLUMN) }; \
	_Static_assert((int)UPPER##_NCOLS <= (int)KIND_MAX_COLUMNS,                      \
		       "kind " #lower " has too many columns");
KINDS(K)
#undef K

/* role columns by kind; the rest is made from the table */
#define ROLES_DMA                                                                                 \
	.dev = DMA_COL_dev, .pfn = DMA_COL_pfn, .npages = DMA_COL_npages, .bytes = DMA_COL_bytes, \
	.op = DMA_COL_op
#define ROLES_OBJECT                                                               \
	.dev = OBJECT_COL_dev, .pfn = OBJECT_COL_obj, .npages = OBJECT_COL_npages, \
	.bytes = OBJECT_COL_bytes, .op = OBJECT_COL_op
#define ROLES_IO    .dev = IO_COL_dev, .pfn = -1, .npages = -1, .bytes = IO_COL_bytes, .op = IO_COL_op
#define ROLES_CPU   .dev = -1, .pfn = CPU_COL_pfn, .npages = CPU_COL_npages, .bytes = -1, .op = -1
#define ROLES_MEM   .dev = -1, .pfn = -1, .npages = -1, .bytes = MEM_COL_bytes, .op = MEM_COL_rw
#define ROLES_FAULT .dev = -1, .pfn = FAULT_COL_pfn, .npages = -1, .bytes = -1, .op = -1
#define ROLES_IOPF                                                                        \
	.dev = IOPF_COL_dev, .pfn = IOPF_COL_pfn, .npages = IOPF_COL_npages, .bytes = -1, \
	.op = IOPF_COL_outcome
#define ROLES_PKT \
	.dev = PKT_COL_dev, .pfn = -1, .npages = -1, .bytes = PKT_COL_bytes, .op = PKT_COL_dir
#define ROLES_WALK   .dev = -1, .pfn = -1, .npages = -1, .bytes = -1, .op = -1
#define ROLES_PT     .dev = -1, .pfn = PT_COL_pfn, .npages = -1, .bytes = -1, .op = PT_COL_op
#define ROLES_PTPAGE .dev = -1, .pfn = PTPAGE_COL_pfn, .npages = -1, .bytes = -1, .op = -1
#define ROLES_SWAP \
	.dev = -1, .pfn = SWAP_COL_pfn, .npages = SWAP_COL_npages, .bytes = -1, .op = SWAP_COL_op

const struct kind kinds[KIND_COUNT] = {
#define K(lower, UPPER, schema)                        \
	[KIND_##UPPER] = { .name = #lower,             \
			   .id = KIND_##UPPER,         \
			   .schema_id = schema,        \
			   .ncolumns = UPPER##_NCOLS,  \
			   .columns = lower##_columns, \
			   ROLES_##UPPER },
	KINDS(K)
#undef K
};

const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

int kind_column_find(const struct kind *k, const char *name)
{
	for (unsigned i = 0; i < k->ncolumns; i++)
		if (!strcmp(k->columns[i].name, name) || !strcmp(k->columns[i].sql_name, name))
			return (int)i;
	return -1;
}

int kind_name_find(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], text))
			return i;
	return -1;
}

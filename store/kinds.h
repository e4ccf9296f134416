// SPDX-License-Identifier: MIT
/*
 * Event kinds and their columns, as C sees them. The table itself is
 * store/columns.h. The address space (`as`) is part of every address.
 */
#ifndef PUGMARK_STORE_KINDS_H
#define PUGMARK_STORE_KINDS_H

#include "store/columns.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* `pa`: physical to the recording kernel, which may itself be a guest; `hva`: of the VMM */
enum address_space { AS_UNKNOWN, AS_PA, AS_GVA, AS_GPA, AS_IOVA, AS_HPA, AS_LBA, AS_HVA, AS_COUNT };

enum dma_op { DMA_MAP, DMA_UNMAP, DMA_ALLOC, DMA_FREE, DMA_ACCESS, DMA_DIRTY, DMA_OP_COUNT };

/* as the device sees memory: TO_DEVICE is a device read */
enum dma_dir { DIR_UNKNOWN, DIR_TO_DEVICE, DIR_FROM_DEVICE, DIR_BOTH, DIR_COUNT };

enum io_op { IO_READ, IO_WRITE, IO_FLUSH, IO_DISCARD, IO_OTHER, IO_OP_COUNT };

enum mem_rw { MEM_LOAD, MEM_STORE, MEM_MODIFY, MEM_RW_COUNT };

enum fault_outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_JOINED, OUTCOME_UNKNOWN, OUTCOME_COUNT };

enum pt_op {
	PT_SET,
	PT_CLEAR,
	PT_INVLPG,
	PT_CR3,
	PT_FORK,
	PT_EXEC,
	PT_EXIT,
	PT_OP_COUNT,
};

/* SWAP_ABSENT: no event, but a snapshot: these pages were out at that time */
enum swap_op { SWAP_OUT, SWAP_IN, SWAP_ABSENT, SWAP_OP_COUNT };
enum swap_tier { TIER_UNKNOWN, TIER_ZSWAP, TIER_SSD, TIER_REMOTE, TIER_COUNT };

enum kind_id {
#define K(lower, UPPER, schema) KIND_##UPPER,
	KINDS(K)
#undef K
		KIND_COUNT
};

enum kind_transform { TRANSFORM_NONE, TRANSFORM_DELTA, TRANSFORM_CTX };
enum kind_pack { PACK_RAW, PACK_VARINT, PACK_FOR128, PACK_PLANES, PACK_CONSTANT };

enum { KIND_MAX_COLUMNS = 24 };

struct kind_column {
	const char *name;         /* of the C field */
	const char *sql_name;     /* with its unit, shown to people */
	uint8_t width_bytes;      /* 1, 2, 4 or 8 */
	uint8_t transform;        /* enum kind_transform, what the writer uses */
	uint8_t pack;             /* enum kind_pack, likewise */
	bool is_nullable;         /* all bits set = not observed */
	const char *const *names; /* NULL-terminated, or NULL: a plain number */
};

struct kind {
	const char *name;
	enum kind_id id;
	uint32_t schema_id;
	unsigned ncolumns;
	const struct kind_column *columns;
	/* columns that carry a role, or -1; column 0 is always ts */
	int dev, pfn, npages, bytes, op;
};

extern const struct kind kinds[KIND_COUNT];

extern const char *const kind_dma_op_names[],
	*const kind_dir_names[],
		*const kind_as_names[],
			*const kind_io_op_names[],
				*const kind_rw_names[],
					*const kind_outcome_names[],
						*const kind_tier_names[],
							*const kind_pt_op_names[],
								*const kind_swap_op_names[];

/* NULL when there is no such kind */
const struct kind *kind_find(const char *name);

/* column number by C field or SQL name, or -1 */
int kind_column_find(const struct kind *k, const char *name);

/* index of text in a column's name table, or -1 */
int kind_name_find(const char *const *names, const char *text);

/* "all bits set" of a column's width: its NULL, where it is nullable */
static inline uint64_t kind_null(unsigned width_bytes)
{
	return UINT64_MAX >> (64 - 8 * width_bytes);
}

/* struct dma_event {...}, enum { DMA_COL_ts, ... } and so on for every kind */
#define KIND_FIELD(field, type, sql, transform, pack, null, names) type field;
#define KIND_DMA_INDEX(field, ...)                                 DMA_COL_##field,
#define KIND_OBJECT_INDEX(field, ...)                              OBJECT_COL_##field,
#define KIND_IO_INDEX(field, ...)                                  IO_COL_##field,
#define KIND_CPU_INDEX(field, ...)                                 CPU_COL_##field,
#define KIND_MEM_INDEX(field, ...)                                 MEM_COL_##field,
#define KIND_FAULT_INDEX(field, ...)                               FAULT_COL_##field,
#define KIND_IOPF_INDEX(field, ...)                                IOPF_COL_##field,
#define KIND_PKT_INDEX(field, ...)                                 PKT_COL_##field,
#define KIND_WALK_INDEX(field, ...)                                WALK_COL_##field,
#define KIND_PT_INDEX(field, ...)                                  PT_COL_##field,
#define KIND_PTPAGE_INDEX(field, ...)                              PTPAGE_COL_##field,
#define KIND_SWAP_INDEX(field, ...)                                SWAP_COL_##field,

#define K(lower, UPPER, schema)             \
	struct lower##_event {              \
		UPPER##_COLUMNS(KIND_FIELD) \
	};                                  \
	enum { UPPER##_COLUMNS(KIND_##UPPER##_INDEX) UPPER##_NCOLS };
KINDS(K)
#undef K

#endif

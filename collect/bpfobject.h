// SPDX-License-Identifier: MIT
/* BPF programs that are built in, and what loading them needs. Built only with libbpf and clang. */
#ifndef PUGMARK_COLLECT_BPFOBJECT_H
#define PUGMARK_COLLECT_BPFOBJECT_H

#include "base/err.h"

#include <stdint.h>

struct bpf_object;

/* Takes the compiled program into this object file: bpfobject_NAME .. bpfobject_NAME_end. */
#define BPFOBJECT_EMBED(name, path)                                            \
	extern const uint8_t bpfobject_##name[], bpfobject_##name##_end[];     \
	__asm__(".pushsection .rodata\n.balign 16\n"                           \
		".local bpfobject_" #name "\n.local bpfobject_" #name "_end\n" \
		"bpfobject_" #name ":\n.incbin \"" path "\"\n"                 \
		"bpfobject_" #name "_end:\n.popsection\n")

/* Opens and loads; programs are not attached. ERR_PERM, ERR_FEATURE with the kernel's reason. */
int bpfobject_load(const char *who, const uint8_t *from, const uint8_t *end,
		   struct bpf_object **out, struct err *e);

/* sizeof(struct page) of the running kernel, from its BTF. */
int bpfobject_page_size(uint64_t *bytes_out, struct err *e);

#endif

// SPDX-License-Identifier: MIT
/* Loading BPF programs. libbpf's own messages are kept off the terminal; errno says enough. */
#include "collect/bpfobject.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

int bpfobject_load(const char *who, const uint8_t *from, const uint8_t *end,
		   struct bpf_object **out, struct err *e)
{
	libbpf_set_print(NULL);
	struct bpf_object *o = bpf_object__open_mem(from, (size_t)(end - from), NULL);
	if (!o)
		return err_set(e, ERR_FEATURE, "%s: its BPF program: %s", who, strerror(errno));
	const int rc = bpf_object__load(o);
	if (!rc) {
		*out = o;
		return 0;
	}
	bpf_object__close(o);
	if (rc == -EPERM)
		return err_set(e, ERR_PERM,
			       "%s: loading BPF is not permitted: needs CAP_BPF and CAP_PERFMON",
			       who);
	return err_set(e, ERR_FEATURE, "%s: the kernel refuses its BPF program: %s", who,
		       strerror(-rc));
}

int bpfobject_page_size(uint64_t *bytes_out, struct err *e)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const int id = btf ? btf__find_by_name_kind(btf, "page", BTF_KIND_STRUCT) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	*bytes_out = t ? t->size : 0;
	btf__free(btf);
	return *bytes_out ? 0 : err_set(e, ERR_FEATURE, "the kernel's BTF has no struct page");
}

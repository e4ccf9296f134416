// SPDX-License-Identifier: MIT
/*
 * Section [iopf]: its parameters, the embedded profiles, what a backend asks of
 * the engine, and the size of the bitmap (VPRI, SOSP'24 slides: 2 bits per
 * 4 KiB of guest-physical space, in the device).
 */
#include "sim/iopf-config.h"
#include "base/embedded.h"
#include "base/units.h"

#include <stddef.h>
#include <string.h>

const char *const iopf_stage_names[IOPF_STAGES + 1] = { "detect", "report",  "irq",
							"sched",  "resolve", "map",
							"update", "resume",  NULL };

const char *const iopf_backend_names[] = {
	"vpri", "pri", "snoop", "viommu", "static", "none", NULL
};

static const char *const services[] = { "pool", "vcpu", NULL };
static const char *const joins[] = { "page", "region", NULL };
static const char *const heads[] = { "each", "batch", NULL };

#define ROW(name, type, unit, preset, min, max, help, field, choices) \
	{                                                             \
		"iopf", name, type, unit, preset, min, max, help,     \
			offsetof(struct iopf_config, field), choices  \
	}
#define STAGE(name, index, help) ROW(name, PARAM_DIST, NULL, "0", 0, 0, help, stage[index], NULL)
#define TIME(name, help)         ROW(#name, PARAM_DIST, NULL, "0", 0, 0, help, name, NULL)

const struct param iopf_params[] = {
	ROW("backend", PARAM_CHOICE, NULL, "vpri", 0, 0, "What detects and reports faults", backend,
	    iopf_backend_names),
	STAGE("detect", IOPF_DETECT, "Until the device sees the page is not there"),
	STAGE("report", IOPF_REPORT, "Its message to the host"),
	STAGE("irq", IOPF_IRQ, "Until a handler reads the message"),
	STAGE("sched", IOPF_SCHED, "Until the chosen server runs; waiting in line comes on top"),
	STAGE("resolve", IOPF_RESOLVE, "Bringing the page, where no swap model does it"),
	STAGE("map", IOPF_MAP, "EPT and IOMMU entries"),
	STAGE("update", IOPF_UPDATE, "Bitmap entry, or response to the group"),
	STAGE("resume", IOPF_RESUME, "Until the device goes on"),
	TIME(lookup, "Of the device for each DMA that does not fault"),
	ROW("service", PARAM_CHOICE, NULL, "pool", 0, 0,
	    "One line for all servers, or a line per vCPU (queue modulo servers)", service,
	    services),
	ROW("servers", PARAM_U64, "threads", "4 | guess", 1, IOPF_SERVERS_MAX,
	    "Threads of the pool, or vCPUs", servers, NULL),
	ROW("holds_server", PARAM_BOOL, NULL, "yes", 0, 0,
	    "A server waits while the page is brought in", holds_server, NULL),
	ROW("join", PARAM_CHOICE, NULL, "page", 0, 0,
	    "Faults on the same page, or 2 MiB region, become one", join, joins),
	ROW("slots", PARAM_U64, "faults", "4096", 1, 1 << 24,
	    "Faults open at a time; what comes on top fails", slots, NULL),
	ROW("functions", PARAM_U64, "functions", "1", 1, 65536,
	    "Of the VM: each has a bitmap, or a device TLB", functions, NULL),
	ROW("batch_entries", PARAM_U64, "entries", "1", 1, 1 << 20, "Bitmap updates in one write",
	    batch_entries, NULL),
	TIME(batch_extra, "Host time for each entry of a batch after its first"),
	ROW("prq_entries", PARAM_U64, "entries", "512 | guess", 1, 1 << 20, "Page-request queue",
	    prq_entries, NULL),
	ROW("prq_head", PARAM_CHOICE, NULL, "batch", 0, 0,
	    "Entries are given back each, or when the whole batch is handled", prq_head, heads),
	ROW("prq_group_pages", PARAM_U64, "pages", "512", 1, 512,
	    "Requests answered together; the last one is marked", prq_group_pages, NULL),
	ROW("device_requests", PARAM_U64, "requests", "256 | guess", 1, 1 << 20,
	    "Page requests that a device may have outstanding", device_requests, NULL),
	TIME(prq_entry, "Handler's time for an entry"),
	TIME(prq_retry, "Device's pause after it met a full queue"),
	ROW("prq_retries", PARAM_U64, "times", "1000", 0, 65534, "Then the request fails",
	    prq_retries, NULL),
	ROW("is_vf", PARAM_BOOL, NULL, "yes", 0, 0,
	    "Virtual function: told INVALID, never FAILURE, which would end PRI", is_vf, NULL),
	TIME(tlb_invalidate, "Device TLB entry of a page that is reclaimed"),
	TIME(request_cost, "Host CPU for each snooped I/O request"),
	ROW("passthrough_iops", PARAM_U64, "requests/s", "0", 0, 0,
	    "From this rate a device is passed through, unsnooped; 0: never", passthrough_iops,
	    NULL),
	ROW("passthrough_window", PARAM_NS, NULL, "1s | guess", NS_PER_MS, 0,
	    "Over which requests are counted", passthrough_window_ns, NULL),
	TIME(map_cost, "Of the guest for each mapping: exit and pinning"),
	ROW("pin_grain", PARAM_U64, "pages", "1", 1, 512 * 512, "Pinned around a mapped page",
	    pin_grain_pages, NULL),
};
const size_t iopf_nparams = sizeof(iopf_params) / sizeof(iopf_params[0]);

void iopf_backends(struct choices *c)
{
	choices_add_embedded(c, "sim/profiles/", ".ini", "\n[iopf]");
}

int iopf_read_profile(struct param_set *s, const char *backend, struct err *e)
{
	static const char folder[] = "sim/profiles/";
	const size_t n = strlen(backend);
	char path[64];

	for (size_t i = 0; iopf_backend_names[i]; i++) {
		if (strcmp(backend, iopf_backend_names[i]))
			continue;
		memcpy(path, folder, sizeof(folder) - 1);
		memcpy(path + sizeof(folder) - 1, backend, n);
		memcpy(path + sizeof(folder) - 1 + n, ".ini", sizeof(".ini"));
		const char *text = embedded_text(path);
		if (!text)
			return err_set(e, ERR_BUG, "%s is not in this program", path);
		return param_read_text(s, path, text, strlen(text), PARAM_PROFILE, e);
	}
	return choices_refuse_of(iopf_backends, "backend", backend, NULL, e);
}

struct iopf_traits iopf_traits(int backend)
{
	switch ((enum iopf_backend)backend) {
	case IOPF_VPRI:
		return (struct iopf_traits){ .can_fault = true, .has_bitmap = true };
	case IOPF_PRI:
		return (struct iopf_traits){ .can_fault = true, .has_tlb = true };
	case IOPF_SNOOP:
		return (struct iopf_traits){ .can_fault = true, .sees_requests = true };
	case IOPF_VIOMMU:
		return (struct iopf_traits){ .can_fault = true, .pins_on_map = true };
	case IOPF_STATIC:
		return (struct iopf_traits){ .pins_all = true };
	case IOPF_NONE:
		break;
	}
	return (struct iopf_traits){};
}

uint64_t iopf_bitmap_bytes_of(uint64_t span_bytes, uint64_t entry_bytes, uint64_t functions)
{
	enum { PAES_PER_BYTE = 4 };
	const uint64_t entries = span_bytes / entry_bytes + (span_bytes % entry_bytes != 0);

	return (entries + PAES_PER_BYTE - 1) / PAES_PER_BYTE * functions;
}

uint64_t iopf_bitmap_bytes(uint64_t span_bytes, uint64_t functions)
{
	return iopf_bitmap_bytes_of(span_bytes, PAGE_BYTES, functions);
}

// SPDX-License-Identifier: MIT
/* Facts about the host, each from the file that the kernel tells it in. */
#include "collect/hostfacts.h"

#include "collect/damon.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCESS_PLATFORM = 33 }; /* bit of a virtio device's features (VIRTIO 1.2, 6) */

enum { PATH_BYTES = 2 * PATH_MAX };

static void path_of(const struct hostfacts *h, const char *name, char *out, size_t n)
{
	snprintf(out, n, "%s%s", h->root, name);
}

static bool is_there(const struct hostfacts *h, const char *name)
{
	char path[PATH_BYTES];
	path_of(h, name, path, sizeof(path));
	/* by the effective rights: access(2) forgets the capabilities of other users than root */
	return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}

/* The beginning of a file as text without its last newline; "" when it cannot be read. */
static bool read_text(const struct hostfacts *h, const char *name, char *out, size_t size)
{
	char path[PATH_BYTES];
	path_of(h, name, path, sizeof(path));
	out[0] = 0;
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	const size_t n = fread(out, 1, size - 1, f);
	fclose(f);
	out[n] = 0;
	out[strcspn(out, "\n") == n - 1 && n ? n - 1 : n] = 0;
	return n;
}

static void add_name(struct host_devices *d, const char *name, const char *what)
{
	const size_t at = strlen(d->names), room = sizeof(d->names) - at;
	d->n++;
	char text[100];
	const int n = snprintf(text, sizeof(text), "%s%.40s%s%.20s%s", at ? ", " : "", name,
			       what ? " (" : "", what ? what : "", what ? ")" : "");
	if (n > 0 && (size_t)n + 4 < room)
		strcpy(d->names + at, text);
	else if (room > 4 && (at < 4 || strcmp(d->names + at - 4, ", ..")))
		strcpy(d->names + at, ", ..");
}

/* Entries of a folder in the order of their names. */
static int list(const struct hostfacts *h, const char *folder, struct dirent ***out)
{
	char path[PATH_BYTES];
	path_of(h, folder, path, sizeof(path));
	return scandir(path, out, NULL, alphasort);
}

static void free_list(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	if (n >= 0)
		free(entries);
}

/* ---- devices ---- */

static const char *virtio_type(unsigned id)
{
	static const char *const types[] = {
		[1] = "net",     [2] = "block", [3] = "console", [4] = "rng",
		[5] = "balloon", [8] = "scsi",  [9] = "9p",      [18] = "input",
		[19] = "vsock",  [24] = "mem",  [26] = "fs"
	};
	return id < sizeof(types) / sizeof(*types) && types[id] ? types[id] : "other";
}

static void read_virtio(struct hostfacts *h)
{
	static const char folder[] = "/sys/bus/virtio/devices";
	struct dirent **entries;
	const int n = list(h, folder, &entries);
	for (int i = 0; i < n; i++) {
		char name[PATH_MAX], features[100], id[24];
		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s/features", folder, entries[i]->d_name);
		if (!read_text(h, name, features, sizeof(features)))
			continue;
		snprintf(name, sizeof(name), "%s/%s/device", folder, entries[i]->d_name);
		read_text(h, name, id, sizeof(id));
		const char *type = virtio_type((unsigned)strtoul(id, NULL, 16));
		add_name(&h->virtio, entries[i]->d_name, type);
		if (strlen(features) <= ACCESS_PLATFORM || features[ACCESS_PLATFORM] != '1')
			add_name(&h->virtio_direct, entries[i]->d_name, type);
		else
			add_name(&h->mapped, entries[i]->d_name, type);
	}
	free_list(entries, n);
}

/* Names of PCI devices look like 0000:00:05.0. */
static bool is_bdf(const char *name)
{
	return strlen(name) >= 12 && name[4] == ':' && name[7] == ':' && name[10] == '.';
}

/*
 * A device whose driver lets it reach memory (command register, PCI 3.0, 6.2.2) may have rings and
 * queues mapped; bridges pass on what others do, virtio devices are looked at on their own bus.
 */
static bool may_have_mappings(const struct hostfacts *h, const char *folder, const char *bdf)
{
	enum { COMMAND_REGISTER = 4, IS_MASTER = 4, FOLDER_MOST = 400 };
	char name[PATH_MAX], text[80] = {};
	if (strstr(folder, "virtio"))
		return false;
	snprintf(name, sizeof(name), "%.*s/%.40s/class", FOLDER_MOST, folder, bdf);
	if (!read_text(h, name, text, sizeof(text)) || strtoul(text, NULL, 16) >> 16 == 6)
		return false;
	memset(text, 0, sizeof(text));
	snprintf(name, sizeof(name), "%.*s/%.40s/config", FOLDER_MOST, folder, bdf);
	return read_text(h, name, text, sizeof(text)) && text[COMMAND_REGISTER] & IS_MASTER;
}

static void read_pci(struct hostfacts *h)
{
	static const char drivers[] = "/sys/bus/pci/drivers";
	struct dirent **entries;
	const int n = list(h, drivers, &entries);
	for (int i = 0; i < n; i++) {
		char folder[PATH_MAX];
		struct dirent **devices;
		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", drivers, entries[i]->d_name);
		const int ndevices = list(h, folder, &devices);
		const bool is_vfio = strstr(entries[i]->d_name, "vfio");
		for (int k = 0; k < ndevices; k++) {
			const char *bdf = devices[k]->d_name;
			if (!is_bdf(bdf))
				continue;
			add_name(is_vfio ? &h->assigned : &h->pci, bdf,
				 is_vfio ? NULL : entries[i]->d_name);
			if (!is_vfio && may_have_mappings(h, folder, bdf))
				add_name(&h->mapped, bdf, entries[i]->d_name);
		}
		free_list(devices, ndevices);
	}
	free_list(entries, n);
}

static bool has_word(const char *line, const char *word)
{
	const size_t n = strlen(word);
	for (const char *p = line; (p = strstr(p, word)); p += n)
		if ((p == line || p[-1] == ' ') && (!p[n] || p[n] == ' ' || p[n] == '\n'))
			return true;
	return false;
}

static void read_iommu(struct hostfacts *h)
{
	static const char folder[] = "/sys/kernel/iommu_groups";
	char line[4096];
	struct dirent **entries;
	unsigned translating = 0, identity = 0;
	const int n = list(h, folder, &entries);
	for (int i = 0; i < n; i++) {
		char name[PATH_MAX], type[40];
		if (entries[i]->d_name[0] == '.')
			continue;
		h->has_iommu = true;
		snprintf(name, sizeof(name), "%s/%s/type", folder, entries[i]->d_name);
		if (!read_text(h, name, type, sizeof(type)))
			continue;
		identity += !strcmp(type, "identity");
		translating += !strncmp(type, "DMA", 3);
	}
	free_list(entries, n);
	read_text(h, "/proc/cmdline", line, sizeof(line));
	h->is_passthrough = has_word(line, "iommu.passthrough=1") || has_word(line, "iommu=pt") ||
			    (identity && !translating);
}

/* ---- the rest ---- */

static void read_kernel(struct hostfacts *h)
{
	char line[4096];
	read_text(h, "/proc/sys/kernel/osrelease", h->kernel, sizeof(h->kernel));
	sscanf(h->kernel, "%u.%u", &h->kernel_major, &h->kernel_minor);
	h->perf_paranoid = 4;
	if (read_text(h, "/proc/sys/kernel/perf_event_paranoid", line, sizeof(line)))
		h->perf_paranoid = atoi(line);
	read_text(h, "/proc/self/status", line, sizeof(line));
	const char *caps = strstr(line, "CapEff:");
	h->capabilities = caps ? strtoull(caps + 7, NULL, 16) : 0;
}

static void read_tracefs(struct hostfacts *h)
{
	static const char *const folders[] = { "/sys/kernel/tracing/events",
					       "/sys/kernel/debug/tracing/events" };
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !h->has_tracefs; i++) {
		h->has_tracefs = is_there(h, folders[i]);
		snprintf(h->tracefs, sizeof(h->tracefs), "%s", folders[i]);
	}
}

static void read_damon(struct hostfacts *h)
{
	struct damon d;
	damon_read(&d, h->root);
	h->kdamonds_on = d.n;
}

static bool has_swap(const struct hostfacts *h)
{
	char text[1024];
	read_text(h, "/proc/swaps", text, sizeof(text));
	const char *second = strchr(text, '\n');
	return second && second[1];
}

/* A kernel with soft-dirty bits says so of new mappings (VmFlags: .. sd). */
static bool has_soft_dirty(const struct hostfacts *h)
{
	char path[PATH_BYTES], line[200];
	bool has = false;
	path_of(h, "/proc/self/smaps", path, sizeof(path));
	FILE *f = fopen(path, "re");
	while (f && !has && fgets(line, sizeof(line), f))
		has = !strncmp(line, "VmFlags:", 8) && has_word(line, "sd");
	if (f)
		fclose(f);
	return has;
}

void hostfacts_read(struct hostfacts *h, const char *root)
{
	*h = (struct hostfacts){};
	snprintf(h->root, sizeof(h->root), "%s", root);
	read_kernel(h);
	read_tracefs(h);
	read_iommu(h);
	read_virtio(h);
	read_pci(h);
	read_damon(h);
	h->has_btf = is_there(h, "/sys/kernel/btf/vmlinux");
	h->has_core_pmu = is_there(h, "/sys/bus/event_source/devices/cpu") ||
			  is_there(h, "/sys/bus/event_source/devices/ibs_op") ||
			  is_there(h, "/sys/bus/event_source/devices/cpu_core");
	h->has_kpageflags = is_there(h, "/proc/kpageflags");
	h->has_pagemap = is_there(h, "/proc/self/pagemap");
	h->has_page_idle = is_there(h, "/sys/kernel/mm/page_idle/bitmap");
	h->has_soft_dirty = has_soft_dirty(h);
	h->has_iommufd = is_there(h, "/dev/iommu");
	h->has_swap = has_swap(h);
}

bool hostfacts_has_event(const struct hostfacts *h, const char *system, const char *event)
{
	char name[300];
	snprintf(name, sizeof(name), "%s/%s/%s", h->tracefs, system, event);
	return h->has_tracefs && is_there(h, name);
}

bool hostfacts_may(const struct hostfacts *h, enum host_capability c)
{
	return h->capabilities >> c & 1;
}

bool hostfacts_may_trace(const struct hostfacts *h)
{
	return h->perf_paranoid < 0 || hostfacts_may(h, HOST_CAP_PERFMON) ||
	       hostfacts_may(h, HOST_CAP_SYS_ADMIN);
}

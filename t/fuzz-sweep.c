// SPDX-License-Identifier: MIT
/* Fuzz target: any bytes as a list of values, and as the plan of a sweep whose tasks are read. */
#include "replay/sweep-plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_values(const uint8_t *data, size_t n)
{
	struct arena a = {};
	struct sweep_values v;
	struct err e;
	char *text = malloc(n + 1);
	memcpy(text, data, n);
	text[n] = 0;
	const int rc = sweep_values_parse(text, &a, &v, &e);
	if (rc ? rc != ERR_USAGE : !v.n)
		abort();
	for (size_t i = 0; i < v.n && !rc; i++)
		if (!*v.text[i])
			abort();
	free(text);
	arena_deinit(&a);
}

/* What is read is whole: its text has its hash. */
static void read_plan(const uint8_t *data, size_t n)
{
	char path[40], hash[SHA256_HEX_CHARS + 1];
	const int fd = memfd_create("plan", 0);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 1; i < 4; i++) {
		struct arena a = {};
		struct sweep_plan p;
		struct err e;
		if (!sweep_plan_read_task(path, i, &a, &p, &e)) {
			sha256_hex(p.tasks->canon, strlen(p.tasks->canon), hash);
			if (strcmp(hash, p.tasks->hash) || !p.tasks->trace)
				abort();
		}
		arena_deinit(&a);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_values(data, n);
	read_plan(data, n);
	return 0;
}

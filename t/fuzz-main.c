// SPDX-License-Identifier: MIT
/*
 * Replays a fuzz corpus without clang: linked with t/fuzz-NAME.c it calls
 * LLVMFuzzerTestOneInput on every file of its arguments (files or folders;
 * none: t/corpus/NAME), in order of name. A child does the work, so that an
 * input that kills the parser is told by its name and the rest still run.
 * Prints one TAP line. Leaves out: mutation, which is libFuzzer's.
 */
#include "base/cleanup.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static struct {
	char **path;
	size_t n, cap;
} inputs; /* nftw has no context argument */

static int add_input(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	if (type != FTW_F)
		return 0;
	if (inputs.n == inputs.cap) {
		inputs.cap = inputs.cap ? 2 * inputs.cap : 64;
		inputs.path = reallocarray(inputs.path, inputs.cap, sizeof(*inputs.path));
		if (!inputs.path)
			return -1;
	}
	inputs.path[inputs.n] = strdup(path);
	return inputs.path[inputs.n++] ? 0 : -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The bytes in a block of exactly their size, so that a sanitizer sees the first byte too far. */
static int replay(const char *path)
{
	_fclose_ FILE *f = fopen(path, "rb");
	struct stat st;
	if (!f || fstat(fileno(f), &st))
		return -errno;

	const size_t n = (size_t)st.st_size;
	_free_ uint8_t *data = malloc(n ? n : 1);
	if (!data || fread(data, 1, n, f) != n)
		return -EIO;
	LLVMFuzzerTestOneInput(data, n);
	return 0;
}

static void replay_from(size_t first, volatile size_t *current)
{
	for (size_t i = first; i < inputs.n; i++) {
		*current = i;
		const int rc = replay(inputs.path[i]);
		if (rc) {
			printf("# %s: %s\n", inputs.path[i], strerror(-rc));
			fflush(stdout);
			_exit(1);
		}
	}
	exit(0); /* not _exit: leaks are reported at exit */
}

/* Number of inputs that ended the parser; a fresh child goes on after each. */
static size_t replay_all(volatile size_t *current)
{
	size_t failures = 0;
	for (size_t first = 0; first < inputs.n; first = *current + 1) {
		*current = first;
		fflush(NULL);
		const pid_t child = fork();
		if (child < 0)
			return inputs.n;
		if (!child)
			replay_from(first, current);

		int status;
		if (waitpid(child, &status, 0) != child)
			return inputs.n;
		if (!status)
			break;
		failures++;
		printf("# %s: %s %d\n", inputs.path[*current],
		       WIFSIGNALED(status) ? "killed by signal" : "ended with status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	return failures;
}

int main(int argc, char **argv)
{
	const char *dash = strstr(program_invocation_short_name, "fuzz-");
	const char *name = dash ? dash + strlen("fuzz-") : program_invocation_short_name;
	char corpus[256];
	snprintf(corpus, sizeof(corpus), "t/corpus/%s", name);

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc < 2 && !access(corpus, F_OK))
		nftw(corpus, add_input, 16, 0);
	for (int i = 1; i < argc; i++)
		if (nftw(argv[i], add_input, 16, 0)) {
			printf("Bail out! %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	if (inputs.n)
		qsort(inputs.path, inputs.n, sizeof(*inputs.path), by_name);

	volatile size_t *current = mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (current == MAP_FAILED)
		return 1;

	/* an empty corpus tests nothing, so it is no success */
	const size_t failures = replay_all(current);
	const bool is_ok = inputs.n && !failures;
	printf("%sok 1 - corpus of %s: %zu inputs replayed", is_ok ? "" : "not ", name, inputs.n);
	if (failures)
		printf(", %zu of them fatal", failures);
	printf("\n1..1\n");

	for (size_t i = 0; i < inputs.n; i++)
		free(inputs.path[i]);
	free(inputs.path);
	return !is_ok;
}

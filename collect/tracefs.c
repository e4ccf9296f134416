// SPDX-License-Identifier: MIT
/*
 * Tracefs. An instance carries the process and the boot in its name, so that a
 * later start knows which ones nobody owns: after kill -9 the events of an
 * instance stay enabled until it is removed.
 */
#include "collect/tracefs.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20, BOOT_CHARS = 8, INSTANCES_MAX = 8 };

static const char prefix[] = "pugmark-";

const char *tracefs_root(void)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		char events[64];
		snprintf(events, sizeof(events), "%s/events", roots[i]);
		if (!faccessat(AT_FDCWD, events, F_OK, AT_EACCESS))
			return roots[i];
	}
	return NULL;
}

static int fail(const char *name, int error, struct err *e)
{
	const bool is_denied = error == EACCES || error == EPERM;
	return err_set(e, is_denied ? ERR_PERM : ERR_FEATURE, "tracefs: %s: %s", name,
		       strerror(error));
}

int tracefs_read(const char *name, char **text_out, size_t *n_out, struct err *e)
{
	char path[PATH_MAX];
	const char *root = tracefs_root();
	if (!root)
		return err_set(e, ERR_FEATURE,
			       "tracefs is not mounted or not readable: mount -t tracefs tracefs "
			       "/sys/kernel/tracing, or run as root");
	snprintf(path, sizeof(path), "%s/%s", root, name);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(name, errno, e);
	char *text = malloc(FILE_BYTES_MAX + 1);
	if (!text)
		return err_set(e, ERR_NOMEM, "out of memory");
	size_t n = 0;
	for (ssize_t got; n < FILE_BYTES_MAX; n += (size_t)got) {
		got = read(fd, text + n, FILE_BYTES_MAX - n);
		if (got < 0) {
			const int error = errno;
			free(text);
			return fail(name, error, e);
		}
		if (!got)
			break;
	}
	text[n] = 0;
	*text_out = text;
	*n_out = n;
	return 0;
}

int tracefs_format(const char *system, const char *event, struct evformat *out, struct err *e)
{
	char name[200];
	_free_ char *text = NULL;
	size_t n;
	snprintf(name, sizeof(name), "events/%s/%s/format", system, event);
	const int rc = tracefs_read(name, &text, &n, e);
	return rc ? rc : evformat_parse(text, n, out, e);
}

bool tracefs_has_event(const char *system, const char *event)
{
	char path[PATH_MAX];
	const char *root = tracefs_root();
	if (!root)
		return false;
	snprintf(path, sizeof(path), "%s/events/%s/%s", root, system, event);
	return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}

/* ---- instances ---- */

/* The beginning of the boot id: enough to tell two boots apart. */
static void boot_name(char out[BOOT_CHARS + 1])
{
	memset(out, 0, BOOT_CHARS + 1);
	_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, out, BOOT_CHARS) != BOOT_CHARS)
		memset(out, '0', BOOT_CHARS);
}

static void instance_path(const char *name, const char *file, char *out, size_t n)
{
	const char *root = tracefs_root();
	snprintf(out, n, "%s/instances/%s%s%s", root ? root : "", name, *file ? "/" : "", file);
}

int tracefs_instance_new(struct tracefs_instance *out, struct err *e)
{
	char boot[BOOT_CHARS + 1], path[PATH_MAX];
	boot_name(boot);
	errno = ENOENT;
	for (unsigned n = 0; tracefs_root() && n < INSTANCES_MAX; n++) {
		snprintf(out->name, sizeof(out->name), "%s%ld-%s-%u", prefix, (long)getpid(), boot,
			 n);
		instance_path(out->name, "", path, sizeof(path));
		if (!mkdir(path, 0700))
			return 0;
		if (errno != EEXIST)
			break;
	}
	out->name[0] = 0;
	return fail("instances", errno, e);
}

int tracefs_instance_open(const struct tracefs_instance *i, const char *file, int flags,
			  int *fd_out, struct err *e)
{
	char path[PATH_MAX];
	instance_path(i->name, file, path, sizeof(path));
	*fd_out = open(path, flags | O_CLOEXEC);
	return *fd_out < 0 ? fail(file, errno, e) : 0;
}

int tracefs_instance_write(const struct tracefs_instance *i, const char *file, const char *text,
			   struct err *e)
{
	int fd;
	const int rc = tracefs_instance_open(i, file, O_WRONLY, &fd, e);
	if (rc)
		return rc;
	const size_t n = strlen(text);
	const bool is_written = write(fd, text, n) == (ssize_t)n;
	const int error = errno;
	close(fd);
	return is_written ? 0 : fail(file, error, e);
}

/* Removing an instance frees its buffers and disables its events; a reader of it may hold it up. */
static bool remove_instance(const char *name)
{
	char path[PATH_MAX];
	instance_path(name, "", path, sizeof(path));
	return !rmdir(path);
}

void tracefs_instance_free(struct tracefs_instance *i)
{
	if (i->name[0])
		remove_instance(i->name);
	i->name[0] = 0;
}

/* "pugmark-PID-BOOT-N" of a process that is gone; a PID used again counts as alive. */
static bool is_stale(const char *name)
{
	char boot[BOOT_CHARS + 1], *end;
	const size_t skip = sizeof(prefix) - 1;
	if (strncmp(name, prefix, skip))
		return false;
	errno = 0;
	const long pid = strtol(name + skip, &end, 10);
	if (errno || end == name + skip || *end != '-' || pid <= 0 || pid > INT_MAX)
		return false;
	boot_name(boot);
	return strncmp(end + 1, boot, BOOT_CHARS) || (kill((pid_t)pid, 0) && errno == ESRCH);
}

unsigned tracefs_clean(void)
{
	char path[PATH_MAX];
	unsigned n = 0;
	instance_path("", "", path, sizeof(path));
	DIR *d = tracefs_root() ? opendir(path) : NULL;
	if (!d)
		return 0;
	for (const struct dirent *entry; (entry = readdir(d));)
		n += is_stale(entry->d_name) && remove_instance(entry->d_name);
	closedir(d);
	return n;
}

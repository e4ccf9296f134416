// SPDX-License-Identifier: MIT
/* Temporary files: without a name where the file system can, else unlinked at once. */
#include "base/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tempfile_open(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	const char *dir = tmp && *tmp ? tmp : "/var/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;

	char path[4096];
	const int n = snprintf(path, sizeof(path), "%s/pugmark-XXXXXX", dir);
	if (n > 0 && (size_t)n < sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_CREATE, "no temporary file in %.120s: %s (see TMPDIR)", dir,
			       strerror(errno));
	unlink(path);
	return fd;
}

// SPDX-License-Identifier: MIT
/* Fuzz target: files of closed-form cases, read and understood but not run. */
#include "replay/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_set *s = NULL;
	struct err e;
	const int rc = check_open_text((const char *)data, size, &s, &e);

	if (!rc && !check_ncases(s))
		abort();
	if (rc && (e.code != rc || !*e.msg))
		abort();
	check_close(rc ? NULL : s);
	return 0;
}

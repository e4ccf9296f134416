// SPDX-License-Identifier: MIT
/* Temporary files without a name, for what does not fit in memory. */
#ifndef PUGMARK_BASE_TEMPFILE_H
#define PUGMARK_BASE_TEMPFILE_H

#include "base/err.h"

/*
 * An open file in TMPDIR (else /var/tmp, which is on a disk) that vanishes when
 * it is closed, whatever happens to us. The descriptor, or ERR_CREATE.
 */
int tempfile_open(struct err *e);

#endif

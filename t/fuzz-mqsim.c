// SPDX-License-Identifier: MIT
/* Fuzzes collect/import-mqsim.c. */
#include "t/fuzz-import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(importer_find("mqsim"), data, size);
	return 0;
}

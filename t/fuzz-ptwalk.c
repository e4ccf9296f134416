// SPDX-License-Identifier: MIT
/* Fuzzes collect/import-ptwalk.c and import-ptdump.c. */
#include "t/fuzz-import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(importer_find("ptwalk"), data, size);
	fuzz_import(importer_find("ptdump"), data, size);
	return 0;
}

// SPDX-License-Identifier: MIT
/* Fuzzes collect/import-fio-iolog.c. */
#include "t/fuzz-import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(importer_find("fio-iolog"), data, size);
	return 0;
}

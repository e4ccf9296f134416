// SPDX-License-Identifier: MIT
/* Fuzzes collect/tracedat*.c, ringbuf.c, tracepoint*.c and the joins behind them. */
#include "t/fuzz-import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(importer_find("trace-dat"), data, size);
	return 0;
}

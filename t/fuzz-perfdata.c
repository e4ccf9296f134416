// SPDX-License-Identifier: MIT
/* Fuzzes collect/perf*.c, faultjoin.c and the decoders of tracepoints behind them. */
#include "t/fuzz-import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(importer_find("perf-data"), data, size);
	return 0;
}

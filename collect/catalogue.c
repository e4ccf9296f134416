// SPDX-License-Identifier: MIT
/* What pugmark list tells of this folder. */
#include "reports/catalogue.h"

#include "collect/export.h"
#include "collect/import.h"
#include "collect/probe.h"

const struct catalogue collect_catalogues[] = {
	{ "probes", "Live sources (pugmark record --probe NAME)", probe_names },
	{ "importers", "Formats that are read (pugmark import --format NAME)", importer_names },
	{ "exporters", "Formats that are written (pugmark export --format NAME)", exporter_names },
	{},
};

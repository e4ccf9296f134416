// SPDX-License-Identifier: MIT
/* The rows of the works whose figures have a command of their own, and what all rows share. */
#include "replay/paper.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "replay/numa-programs.h"
#include "replay/nvme-published.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const paper_kind_names[PAPER_KINDS + 1] = { "predicted",  "calibrated",    "identity",
							"arithmetic", "not addressed", NULL };
const char *const paper_unit_names[] = { "ppm", "ns", "bytes", "requests/s", "1/day", "", NULL };

int paper_add(struct paper *p, const struct paper_row *row, struct err *e)
{
	if (p->n == p->cap) {
		const size_t cap = p->cap ? 2 * p->cap : 128;
		struct paper_row *rows = arena_alloc(p->arena, cap, sizeof(*rows));
		if (!rows)
			return err_set(e, ERR_NOMEM, "no memory for %zu figures", cap);
		if (p->n)
			memcpy(rows, p->rows, p->n * sizeof(*rows));
		p->rows = rows;
		p->cap = cap;
	}
	p->rows[p->n++] = *row;
	return 0;
}

int64_t paper_error_ppm(const struct paper_row *r)
{
	const uint64_t to = !r->published_most || r->ours < r->published ? r->published
			    : r->ours > r->published_most                ? r->published_most
									 : r->ours;
	const int64_t off =
		(int64_t)quantity_ratio_ppm(r->ours > to ? r->ours - to : to - r->ours, to);
	return r->ours < to ? -off : off;
}

void paper_say(struct report *r, const struct paper *p)
{
	enum { NEAR_PPM = 100000 };
	size_t n[PAPER_KINDS] = {}, near[PAPER_KINDS] = {};
	for (size_t i = 0; i < p->n; i++) {
		const struct paper_row *x = &p->rows[i];
		const int64_t error = paper_error_ppm(x);
		n[x->kind]++;
		near[x->kind] += error >= -NEAR_PPM && error <= NEAR_PPM;
	}
	report_text(
		r,
		"%zu of %zu predicted figures come out within 10 %%; %zu of %zu calibrated ones; "
		"%zu identities and %zu sums; %zu are not addressed.",
		near[PAPER_PREDICTED], n[PAPER_PREDICTED], near[PAPER_CALIBRATED],
		n[PAPER_CALIBRATED], n[PAPER_IDENTITY], n[PAPER_ARITHMETIC],
		n[PAPER_NOT_ADDRESSED]);
	report_text(r,
		    "Only predicted rows say how good a model is: what was calibrated was fitted "
		    "to its figure. --json has the command behind each row.");
}

/* ---- NVMe ---- */

static enum paper_unit unit_of(const char *unit)
{
	return !strcmp(unit, "ns") ? PAPER_NS : !strcmp(unit, "ppm") ? PAPER_PPM : PAPER_PER_S;
}

int paper_add_nvme(struct paper *p, unsigned threads, struct err *e)
{
	static const enum paper_kind kinds[] = {
		[NVME_CALIBRATED] = PAPER_CALIBRATED,
		[NVME_DERIVED] = PAPER_ARITHMETIC,
		[NVME_PREDICTED] = PAPER_PREDICTED,
	};
	const struct nvme_published_row *rows;
	size_t n = 0;
	int rc = nvme_published_rows(threads, p->arena, &rows, &n, e);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct nvme_published_row *x = &rows[i];
		if (x->kind == NVME_OURS_ONLY)
			continue;
		rc = paper_add(p,
			       &(struct paper_row){ .work = x->work,
						    .quantity = x->quantity,
						    .unit = unit_of(x->unit),
						    .published = x->published,
						    .published_most = x->published_most,
						    .ours = x->ours,
						    .kind = kinds[x->kind],
						    .command = x->command,
						    .why = x->miss },
			       e);
	}
	return rc;
}

/* ---- vMitosis and Mitosis ---- */

enum { NUMA_ACCESSES = 1 << 20, TEXT_BYTES = 160 };

static const char vmitosis[] = "vMitosis";

/* "vMitosis thin", "gups", "RR/LL": the work by its name, the rest is what was measured. */
static int add_numa_row(struct paper *p, const struct numa_row *x, struct err *e)
{
	static const enum paper_kind kinds[] = {
		[NUMA_PREDICTED] = PAPER_PREDICTED,         [NUMA_CALIBRATED] = PAPER_CALIBRATED,
		[NUMA_ARITHMETIC] = PAPER_ARITHMETIC,       [NUMA_IDENTITY] = PAPER_IDENTITY,
		[NUMA_NOT_ADDRESSED] = PAPER_NOT_ADDRESSED,
	};
	const size_t name = sizeof(vmitosis) - 1;
	const bool is_v = !strncmp(x->work, vmitosis, name);
	const char *part = x->work + (is_v ? name : strlen("Mitosis"));
	char quantity[TEXT_BYTES], command[TEXT_BYTES] = "pugmark numa published";
	part += *part == ' ';
	snprintf(quantity, sizeof(quantity), "%s%s%s%s%s", part, *part ? ", " : "", x->workload,
		 *x->workload ? ", " : "", x->quantity);
	for (size_t i = 0; i < NUMA_WORKLOADS; i++)
		if (!strcmp(x->workload, numa_thin[i].workload))
			snprintf(command, sizeof(command), "pugmark numa published --workload %s",
				 x->workload);
	const bool is_ours = x->kind != NUMA_NOT_ADDRESSED;
	char rests[TEXT_BYTES] = "";
	if (x->rests_on) /* "native walks, a guess" */
		snprintf(rests, sizeof(rests), "rests on the time that the program spends in %s",
			 x->rests_on);
	struct paper_row row = {
		.work = is_v ? vmitosis : "Mitosis",
		.quantity = arena_strdup(p->arena, quantity),
		.unit = PAPER_PPM,
		.published = x->published_ppm,
		.ours = x->ours_ppm,
		.kind = kinds[x->kind],
		.command = is_ours ? arena_strdup(p->arena, command) : NULL,
		.why = !is_ours      ? "no generator plays this program"
		       : x->rests_on ? arena_strdup(p->arena, rests)
				     : NULL,
	};
	if (!row.quantity || (x->rests_on && !row.why) || (is_ours && !row.command))
		return err_set(e, ERR_NOMEM, "no memory for the figures");
	return paper_add(p, &row, e);
}

int paper_add_numa(struct paper *p, unsigned threads, struct err *e)
{
	const struct numa_published_setup setup = { .accesses = NUMA_ACCESSES, .seed = 1 };
	_free_ struct numa_program *programs = calloc(NUMA_WORKLOADS, sizeof(*programs));
	_free_ struct numa_rows *rows = calloc(1, sizeof(*rows));
	int rc = programs && rows ? 0 : err_set(e, ERR_NOMEM, "no memory for the programs");
	(void)threads;
	for (size_t i = 0; i < NUMA_WORKLOADS && !rc; i++)
		rc = numa_program_run(&setup, i, p->arena, &programs[i], e);
	if (!rc)
		numa_programs_rows(programs, rows);
	for (size_t i = 0; i < (rc ? 0 : rows->n) && !rc; i++)
		rc = add_numa_row(p, &rows->row[i], e);
	return rc;
}

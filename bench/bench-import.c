// SPDX-License-Identifier: MIT
/*
 * Speed of importers, in million lines or records (of recordings: events) per
 * CPU second, best of three: parsing alone (rows are counted and hashed, nothing
 * is kept), and with the rows committed to a trace. Inputs are made up in memory.
 * Writes one JSON object to the file named.
 */
#include "base/bytes.h"
#include "collect/import.h"
#include "t/perfdata-make.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, ROWS = 3000000 };

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "bench-import: %s\n", what);
	exit(1);
}

/* page numbers that look like a trace's: runs and jumps */
static uint64_t page(uint64_t i)
{
	const uint64_t run = i >> 4;
	return ((run * UINT64_C(0x9e3779b97f4a7c15)) >> 40) + (i & 15);
}

static void make_csv(FILE *f, uint64_t i)
{
	if (!i)
		fputs("time_us,object_id\n", f);
	fprintf(f, "%" PRIu64 ",%" PRIu64 "\n", i * 37, page(i));
}

static void make_lis(FILE *f, uint64_t i)
{
	fprintf(f, "%" PRIu64 " 1 0 %" PRIu64 "\n", page(i), i);
}

static void make_lackey(FILE *f, uint64_t i)
{
	fprintf(f, " %c %08" PRIx64 ",8\n", "LLS"[i % 3], page(i) << 6);
}

static void make_kindcsv(FILE *f, uint64_t i)
{
	if (!i)
		fputs("ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source\n", f);
	fprintf(f, "%" PRIu64 ",%d,%s,to-device,pa,%" PRIu64 ",1,0,4096,,2\n", i * 1000,
		(int)(i & 1), i & 2 ? "map" : "unmap", page(i));
}

static void make_vscsi(FILE *f, uint64_t i)
{
	uint8_t r[32] = {};
	le32_put(r + 4, 4096);
	le16_put(r + 12, i & 1 ? 0x28 : 0x2a);
	le16_put(r + 14, 0x100);
	le64_put(r + 16, page(i) * 8);
	le64_put(r + 24, i * 37);
	fwrite(r, sizeof(r), 1, f);
}

static void make_oraclegeneral(FILE *f, uint64_t i)
{
	uint8_t r[24];
	le32_put(r, (uint32_t)(i / 1000));
	le64_put(r + 4, page(i));
	le32_put(r + 12, 4096);
	le64_put(r + 16, UINT64_MAX);
	fwrite(r, sizeof(r), 1, f);
}

/* 98 bytes of a 1,514-byte TCP segment over Ethernet, as with a snap length of 98 */
static void make_pcap(FILE *f, uint64_t i)
{
	enum { SNAP = 98, HEAD = 16 };
	uint8_t r[HEAD + SNAP] = {};
	static const uint8_t header[24] = { 0x4d, 0x3c, 0xb2, 0xa1, 2,    0, 4, 0, 0, 0, 0, 0,
					    0,    0,    0,    0,    SNAP, 0, 0, 0, 1, 0, 0, 0 };
	if (!i)
		fwrite(header, sizeof(header), 1, f);
	le32_put(r, (uint32_t)(1700000000 + i / 1000000));
	le32_put(r + 4, (uint32_t)(i % 1000000 * 1000));
	le32_put(r + 8, SNAP);
	le32_put(r + 12, 1514);
	r[HEAD + 12] = 8; /* IPv4 */
	r[HEAD + 14] = 0x45;
	r[HEAD + 23] = 6; /* TCP */
	le32_put(r + HEAD + 26, (uint32_t)(0x0a000001 + (i % 64)));
	le32_put(r + HEAD + 30, 0x0a0000ff);
	le32_put(r + HEAD + 34, 0xd431);
	le32_put(r + HEAD + 38, (uint32_t)i * 1448);
	r[HEAD + 47] = 0x10;
	fwrite(r, sizeof(r), 1, f);
}

/* ---- recordings of tracepoints ---- */

struct recording {
	struct mk perf, trace;
};

/* What event i is: faults alone, or a buffer that is mapped and unmapped by iommu:* and dma:*. */
static enum mk_event put_event(struct mk_cpu *c, bool is_dma, uint64_t i, uint64_t t, int pid)
{
	static const char bdf[] = "0000:00:06.0";
	const uint64_t frame = page(i >> 2) << 12, iova = 0xfff00000 + ((uint64_t)pid << 16);
	if (!is_dma) {
		mk_fault(c, t, pid, 0x7f0000000000 + (page(i) << 12), 6);
		return MK_FAULT;
	}
	switch (i % 4) {
	case 0:
		mk_iommu_map(c, t, pid, iova, frame, 4096);
		return MK_IOMMU_MAP;
	case 1:
		mk_map_page(c, t, pid, bdf, frame, iova, 4096, 2);
		return MK_MAP_PAGE;
	case 2:
		mk_iommu_unmap(c, t, pid, iova, 4096);
		return MK_IOMMU_UNMAP;
	default:
		mk_dma(c, t, pid, MK_UNMAP_PAGE, bdf, iova, 4096, 2);
		return MK_UNMAP_PAGE;
	}
}

static unsigned format_of(enum mk_event id)
{
	unsigned i = 0;
	while (mk_formats[i].id != id)
		i++;
	return i;
}

/* The same events of two CPUs as perf record and as trace-cmd would have them. */
static struct recording record(bool is_dma)
{
	enum { ROUND = 8192 };
	struct pf_attr attrs[MK_FORMATS];
	const unsigned nattrs = pf_tracepoints(attrs);
	struct mk_cpu cpus[2] = { { .cpu = 0 }, { .cpu = 1 } }, one = {};
	struct mk records = {}, side[2] = {};
	for (uint64_t i = 0; i < ROWS; i++) {
		const unsigned cpu = i / 8 % 2;
		const uint64_t t = UINT64_C(1000000000) + 300 * i;
		const enum mk_event id = put_event(&cpus[cpu], is_dma, i, t, 100 + (int)cpu);
		put_event(&one, is_dma, i, t, 100 + (int)cpu);
		pf_sample(&side[cpu], attrs, format_of(id), t, cpu, 100 + cpu, 0, one.page.p + 4,
			  one.page.n - 4);
		one.page.n = 0;
		for (unsigned k = 0; k < 2 && (i % ROUND == ROUND - 1 || i + 1 == ROWS); k++) {
			mk_put(&records, side[k].p, side[k].n);
			side[k].n = 0;
			if (k)
				pf_round(&records);
		}
	}
	const struct recording r = { pf_file(attrs, nattrs, &records, "made"),
				     mk_file_v6(cpus, 2, 0) };
	mk_free(&records);
	for (unsigned k = 0; k < 2; k++) {
		mk_free(&side[k]);
		mk_cpu_free(&cpus[k]);
	}
	mk_cpu_free(&one);
	return r;
}

/* ---- measuring ---- */

static void make_msr(FILE *f, uint64_t i)
{
	fprintf(f, "%" PRIu64 ",hm,1,%s,%" PRIu64 ",4096,%d\n",
		UINT64_C(128166372003061629) + i * 370, i & 1 ? "Read" : "Write", page(i) * 4096,
		(int)(i % 900));
}

/* D and C of one request; a row is made of two records */
static void make_blktrace(FILE *f, uint64_t i)
{
	for (unsigned k = 0; k < 2; k++) {
		uint8_t r[48] = {};
		le32_put(r, 0x65617407);
		le32_put(r + 4, (uint32_t)(2 * i + k + 1));
		le64_put(r + 8, i * 3000 + k * 1000);
		le64_put(r + 16, page(i) * 8);
		le32_put(r + 24, 4096);
		le32_put(r + 28, k ? 8 | 0x89 << 16 : 7 | 0x49 << 16);
		le32_put(r + 36, 8 << 20);
		fwrite(r, sizeof(r), 1, f);
	}
}

static double rate(const struct importer *importer, const char *data, size_t n, const char *path,
		   uint64_t rows)
{
	const struct import_options options = { .as = AS_PA };
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct import im = { .options = &options, .is_last = true };
		struct err e;
		const double start = cpu_seconds();
		if (path)
			unlink(path);
		if (input_open_memory("bench", data, n, &im.in, &e) ||
		    (path ? trace_writer_open(path, NULL, &im.w, &e)
			  : trace_writer_open_null(&im.w, &e)) ||
		    importer->run(&im, &e))
			die(e.msg);
		if (im.state_free)
			im.state_free(im.state);
		if (im.at.stored != rows)
			die("rows are missing");
		if (path ? trace_writer_seal(im.w, &e) : (trace_writer_abort(im.w), 0))
			die(e.msg);
		input_close(im.in);
		const double r = ROWS / (cpu_seconds() - start) / 1e6;
		best = r > best ? r : best;
	}
	return best;
}

struct bench {
	FILE *json;
	char path[300];
	unsigned n;
};

static void measure(struct bench *b, const char *name, const char *format, const char *data,
		    size_t n, uint64_t rows)
{
	const struct importer *importer = importer_find(format);
	const double parse = rate(importer, data, n, NULL, rows);
	const double stored = rate(importer, data, n, b->path, rows);
	fprintf(b->json, "%s\n  \"%s_parse_mrows_s\": %.2f,\n  \"%s_stored_mrows_s\": %.2f",
		b->n++ ? "," : "{", name, parse, name, stored);
	printf("%-16s parse %7.2f  stored %7.2f M rows/s\n", name, parse, stored);
}

static void measure_recordings(struct bench *b)
{
	for (unsigned is_dma = 0; is_dma < 2; is_dma++) {
		struct recording r = record(is_dma);
		const uint64_t rows = is_dma ? ROWS / 2 : ROWS; /* two events are one */
		measure(b, is_dma ? "perf-data-dma" : "perf-data-faults", "perf-data",
			(const char *)r.perf.p, r.perf.n, rows);
		mk_free(&r.perf);
		measure(b, is_dma ? "trace-dat-dma" : "trace-dat-faults", "trace-dat",
			(const char *)r.trace.p, r.trace.n, rows);
		mk_free(&r.trace);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(FILE *f, uint64_t i);
	} formats[] = {
		{ "requests", make_csv },      { "lis", make_lis },
		{ "lackey", make_lackey },     { "csv", make_kindcsv },
		{ "vscsi", make_vscsi },       { "oracle-general", make_oraclegeneral },
		{ "pcap", make_pcap },         { "msr", make_msr },
		{ "blktrace", make_blktrace },
	};
	char dir[256];
	struct bench b = { .json = argc == 2 ? fopen(argv[1], "w") : NULL };

	if (!b.json) {
		fprintf(stderr, "usage: bench-import OUT.json\n");
		return 64;
	}
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/bench-import-XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(dir))
		return 73;
	snprintf(b.path, sizeof(b.path), "%s/t.db", dir);
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		char *data = NULL;
		size_t n;
		FILE *out = open_memstream(&data, &n);
		for (uint64_t i = 0; i < ROWS; i++)
			formats[f].make(out, i);
		if (fclose(out))
			die("out of memory");
		measure(&b, formats[f].name, formats[f].name, data, n, ROWS);
		free(data);
	}
	measure_recordings(&b);
	fputs("\n}\n", b.json);
	fclose(b.json);
	unlink(b.path);
	rmdir(dir);
	return 0;
}

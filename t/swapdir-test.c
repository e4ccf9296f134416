// SPDX-License-Identifier: MIT
/* Folders of a guest under host swap: what becomes of their rows, and of damage. */
#include "base/cleanup.h"
#include "collect/import.h"
#include "store/trace-meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A copy of t/data/swapdir in a folder of the test's own. */
struct fixture {
	char dir[200], db[240];
	int rc;
	struct err e;
	struct import_cursor at;
	char damage[sizeof(((struct err *)0)->msg)]; /* the first */
	struct trace *trace;
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[700];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%.150s/swapdir-test-XXXXXX",
		 tmp && *tmp ? tmp : "/var/tmp");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->db, sizeof(f->db), "%s/t.db", f->dir);
	run("cp t/data/swapdir/* %s && chmod u+w %s/*", f->dir, f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	trace_close(f->trace);
	run("rm -rf %s", f->dir);
	free(f);
	return 0;
}

/* Replaces a file of the folder; NULL removes it. */
static void put(struct fixture *f, const char *name, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	unlink(path);
	if (!text)
		return;
	_fclose_ FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
}

/* Imports the folder and opens the trace; f->rc and f->e tell what went wrong. */
static void import(struct fixture *f)
{
	static const struct import_options options = { .as = AS_PA };
	const struct trace_writer_options writer = { .collector = "test", .clock = "trace" };
	const struct importer *importer = NULL;
	struct import im = { .options = &options, .is_last = true, .folder = f->dir };

	f->rc = importer_open_folder(f->dir, &importer, &im.in, &f->e);
	if (f->rc)
		return;
	assert_string_equal(importer->name, "swapdir");
	assert_int_equal(trace_writer_open(f->db, &writer, &im.w, &f->e), 0);
	f->rc = importer->run(&im, &f->e);
	f->at = im.at;
	snprintf(f->damage, sizeof(f->damage), "%s", im.first_damage.msg);
	input_close(im.in);
	if (f->rc) {
		trace_writer_abort(im.w);
		return;
	}
	assert_int_equal(trace_writer_seal(im.w, &f->e), 0);
	assert_int_equal(trace_open(f->db, &f->trace, &f->e), 0);
}

/* All rows of a kind as text: the columns asked for, by blanks, a row a line. */
static void rows(struct fixture *f, enum kind_id kind, const char *columns, char *out, size_t n)
{
	const struct trace_stream_info *info = trace_find_stream(f->trace, kind);
	const struct trace_select all = { .stream = info ? info->id : 0, .dev = -1 };
	struct trace_reader *r = NULL;
	const struct batch *b;
	size_t used = 0;

	*out = '\0';
	if (!info)
		return;
	assert_int_equal(trace_reader_open(f->trace, &all, &r, &f->e), 0);
	while (trace_reader_next(r, &b, &f->e) > 0)
		for (uint32_t i = 0; i < b->n; i++) {
			char list[100];
			snprintf(list, sizeof(list), "%s", columns);
			for (char *c = strtok(list, " "); c; c = strtok(NULL, " ")) {
				const int at = kind_column_find(b->kind, c);
				assert_true(at >= 0 && used < n);
				used += (size_t)snprintf(
					out + used, n - used, "%llu ",
					(unsigned long long)batch_value(b, (unsigned)at, i));
			}
			out[used - 1] = '\n';
		}
	trace_reader_close(r);
}

static void assert_rows(struct fixture *f, enum kind_id kind, const char *columns, const char *want)
{
	char got[2000];

	rows(f, kind, columns, got, sizeof(got));
	assert_string_equal(got, want);
}

static void assert_meta(struct fixture *f, const char *key, const char *want)
{
	_free_ char *got = trace_meta(f->trace, key);

	if (want)
		assert_non_null(got);
	else
		assert_null(got);
	if (want)
		assert_string_equal(got, want);
}

/* ---- rows ---- */

static void dma_is_an_access_seen_from_the_device(void **state)
{
	struct fixture *f = *state;

	import(f);
	assert_int_equal(f->rc, 0);
	assert_rows(f, KIND_DMA, "ts dev op dir as pfn npages bytes",
		    "3000000000 0 4 2 3 5 1 1514\n"
		    "4000000000 1 4 2 3 0 1 4096\n"
		    "4000001000 1 4 0 3 6 1 0\n"
		    "15000000000 1 4 1 3 1 1 512\n");
}

static void devices_have_their_class(void **state)
{
	struct fixture *f = *state;
	struct trace_device_info *list;
	unsigned n;

	import(f);
	assert_int_equal(trace_devices(f->trace, &list, &n, &f->e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].bdf, "nic");
	assert_string_equal(list[0].class, "nic");
	assert_string_equal(list[1].class, "nvme");
	free(list);
}

/* Also page 7 of epoch 0, whose first touch came half a millisecond after its end. */
static void cpu_rows_come_in_order_of_time_from_first_touch_to_the_epochs_end(void **state)
{
	struct fixture *f = *state;

	import(f);
	assert_rows(f, KIND_CPU, "ts pfn count period write",
		    "100000000 5 2 900000000 0\n"
		    "900000000 4 16 100000000 1\n"
		    "1000000000 4 8 1000000000 0\n"
		    "1000000000 7 2 1000000000 1\n"
		    "1000500000 7 1 0 0\n"
		    "25300000000 2 4 700000000 0\n");
}

static void faults_go_by_cause_and_minor_ones_have_no_tier(void **state)
{
	struct fixture *f = *state;

	import(f);
	assert_rows(f, KIND_IOPF, "ts dev pfn outcome tier",
		    "4000000500 1 0 0 1\n"
		    "15000000700 1 1 0 0\n");
	assert_rows(f, KIND_FAULT, "ts pfn major", "25300000000 2 1\n");
	assert_int_equal(f->at.filtered, 1 + 4); /* cause other, and host.csv */
}

static void absent_pages_are_snapshots_not_events(void **state)
{
	struct fixture *f = *state;

	import(f);
	assert_rows(f, KIND_SWAP, "ts op pfn npages tier",
		    "3500000000 2 0 4 1\n"
		    "9500000000 2 1 2 1\n"
		    "9500000000 2 4 1 1\n");
}

/* A fall by 256 pages and more at one limit, to 256 pages and more below it. */
static void a_squeeze_of_the_guest_by_its_group_is_noted(void **state)
{
	struct fixture *f = *state;

	put(f, "host.csv",
	    "t_ns,limit_bytes,usage_bytes,resident_bytes\n"
	    "6000000000,8192000,8192000,0\n"
	    "7000000000,8192000,7143424,0\n" /* by 256 */
	    "8000000000,8192000,7139328,0\n" /* no further fall */
	    "9000000000,8192000,8192000,0\n"
	    "10000000000,8192000,7147520,0\n" /* by 255 */
	    "11000000000,4096000,3047424,0\n" /* with the limit */
	    "12000000000,4096000,0,0\n");
	import(f);
	assert_meta(f, "squeezes", "[[1500000000,1744],[6500000000,1]]");
}

/* A step by 4 KiB at its mark, 6 s; then one between 6.2 and 6.4 s. */
static const char two_steps[] = "t_ns,limit_bytes,usage_bytes\n"
				"5800000000,32768,32768\n"
				"6100000000,28672,28672\n"
				"6200000000,28672,28672\n"
				"6400000000,24576,24576\n";

/*
 * The further ones lie in (6.2, 6.4], (6.4, 6.6] and (6.6, 6.8], and one pace later
 * the limit is reached at 7 s: paces of 0.2 to 0.267 s are possible, the middle is
 * taken. A limit that changes later is not of that row.
 */
static void limit_steps_are_spaced_evenly(void **state)
{
	struct fixture *f = *state;
	char text[500];

	snprintf(text, sizeof(text),
		 "%s6600000000,20480,20480\n6800000000,16384,16384\n"
		 "7800000000,16384,16384\n8000000000,20480,16384\n",
		 two_steps);
	put(f, "host.csv", text);
	import(f);
	assert_meta(f, "limit_steps",
		    "[[800000000,8],[1000000000,7],[1300000001,6],[1533333334,5],[1766666667,4],"
		    "[2900000000,5]]");
}

/* No even pace goes from before 6.4 over after 6.9 to 7 s. */
static void limit_steps_at_no_even_pace_are_put_between_their_samples(void **state)
{
	struct fixture *f = *state;
	char text[500];

	snprintf(text, sizeof(text), "%s6900000000,24576,24576\n6990000000,16384,16384\n",
		 two_steps);
	put(f, "host.csv", text);
	import(f);
	assert_meta(f, "limit_steps",
		    "[[800000000,8],[1000000000,7],[1300000000,6],[1945000000,4]]");
}

static void the_trace_tells_how_the_guest_was_run(void **state)
{
	struct fixture *f = *state;
	uint64_t v = 0;

	import(f);
	assert_int_equal(trace_vm_pages(f->trace, 0), 8);
	assert_meta(f, "limit_steps", "[[0,8],[1000000000,6],[1500000000,4]]");
	assert_meta(f, "dma_sets_accessed", "yes");
	assert_meta(f, "populated", "address");
	assert_meta(f, "swap", "zram");
	assert_meta(f, "marks", "[[1000000000,\"start\"]]");
	assert_meta(f, "clock_base_ns", "5000000000");
	assert_meta(f, "host_samples", "[1100000000,1900000000,2100000000]"); /* one was before */
	assert_meta(f, "huge_pages", NULL);
	assert_int_equal(trace_meta_u64(f->trace, "t_limit_reached_ns", &v, &f->e), 1);
	assert_int_equal(v, 2000000000);
	assert_int_equal(trace_meta_u64(f->trace, "swap", &v, &f->e), ERR_UNUSABLE);
}

/* ---- damage ---- */

static void assert_bad_row(struct fixture *f, const char *name, const char *text, uint64_t bad,
			   const char *words)
{
	put(f, name, text);
	import(f);
	assert_int_equal(f->rc, 0);
	assert_int_equal(f->at.bad, bad);
	if (!strstr(f->damage, name) || !strstr(f->damage, words))
		fail_msg("'%s' names neither %s nor %s", f->damage, name, words);
}

static void a_bad_dma_row_is_told_by_file_and_line_and_the_rest_is_kept(void **state)
{
	struct fixture *f = *state;

	assert_bad_row(f, "dma.csv",
		       "t_ns,dev,gfn,rw,bytes\n"
		       "8000000000,nic,5,X,1\n" /* no such direction */
		       "8000000000,nic,8,W,1\n" /* outside the guest */
		       "8000000000,nic,5,W,4097\n"
		       "4999999999,nic,5,W,1\n" /* before time 0 */
		       "8000000000,nic,5,W\n"
		       "8000000000,,5,W,1\n"
		       "18446744073709551616,nic,5,W,1\n"
		       "9000000000,nic,5,W,1\n"
		       "8000000000,nic,5,W,1\n", /* backwards */
		       8, "line 2: expected rw to be R, W or Q");
	assert_rows(f, KIND_DMA, "ts pfn", "4000000000 5\n");
}

static void cpu_rows_out_of_order_are_bad(void **state)
{
	struct fixture *f = *state;

	assert_bad_row(f, "cpu.csv",
		       "epoch,gfn,touches,stored,first_us\n"
		       "1,4,1,0,\n"
		       "1,4,1,0,\n"
		       "1,3,1,0,\n"
		       "0,5,1,0,\n"
		       "2,5,1,2,\n"
		       "2,6,1,0,2000000\n"
		       "18446744073709551615,6,1,0,\n"
		       "3,6,8589934592,1,0\n",
		       6, "line 3: expected rows in order");
	assert_rows(f, KIND_CPU, "ts pfn count", "1000000000 4 1\n3000000000 6 4294967295\n");
}

static void bad_faults_snapshots_and_limits_are_told(void **state)
{
	struct fixture *f = *state;

	put(f, "absent.csv", "t_ns,gfn,npages\n8500000000,7,2\n8500000000,0,0\n8500000000,7,1\n");
	put(f, "host.csv",
	    "t_ns,limit_bytes,usage_bytes\n7000000000,4096,0\n"
	    "6000000000,4096,0\nx,1,1\n"
	    "7500000000,4095,0\n");
	assert_bad_row(f, "faults.csv",
		       "t_ns,thread_class,gfn,kind,cause,dev\n"
		       "9000000500,worker,0,maybe,dma,nvme1\n"
		       "9000000500,worker,0,major,moon,nvme1\n"
		       "9000000500,worker,0,major,dma\n",
		       3 + 2 + 3, "line 2: expected kind to be major or minor");
	assert_meta(f, "limit_steps", "[[2000000000,1]]");
	assert_rows(f, KIND_SWAP, "pfn npages", "7 1\n");
}

static void a_file_with_another_header_is_not_read(void **state)
{
	struct fixture *f = *state;

	put(f, "faults.csv", "time,page\n1,2\n");
	import(f);
	assert_int_equal(f->rc, 0);
	assert_non_null(strstr(f->damage, "line 1: expected the header t_ns,thread_class"));
	assert_rows(f, KIND_FAULT, "ts", "");
}

static void a_missing_file_is_damage_but_dma_is_needed(void **state)
{
	struct fixture *f = *state;

	put(f, "cpu.csv", NULL);
	import(f);
	assert_int_equal(f->rc, 0);
	assert_int_equal(f->at.damaged, 1);
	assert_non_null(strstr(f->damage, "cpu.csv: no such file"));
	trace_close(take_ptr(f->trace));
	unlink(f->db);
	put(f, "dma.csv", NULL);
	import(f);
	assert_int_equal(f->rc, ERR_NOINPUT);
	assert_non_null(strstr(f->e.msg, "dma.csv: no such file"));
}

/* ---- meta.json ---- */

static void assert_meta_refused(struct fixture *f, const char *text, const char *words)
{
	put(f, "meta.json", text);
	import(f);
	assert_int_equal(f->rc, ERR_UNUSABLE);
	if (!strstr(f->e.msg, words))
		fail_msg("'%s' lacks '%s'", f->e.msg, words);
}

static void a_meta_json_that_lacks_something_is_refused_with_its_name(void **state)
{
	struct fixture *f = *state;

	assert_meta_refused(f, "{\"cpu_epoch0_ns\": 5}", "member cpu_epoch_len_ns: expected a");
	assert_meta_refused(f,
			    "{\"cpu_epoch0_ns\": 5, \"cpu_epoch_len_ns\": 0,"
			    "\"guest_memory_pages\": 8}",
			    "cpu_epoch_len_ns: expected more than 0");
	assert_meta_refused(f,
			    "{\"cpu_epoch0_ns\": -5, \"cpu_epoch_len_ns\": 1,"
			    "\"guest_memory_pages\": 8}",
			    "cpu_epoch0_ns: expected a whole number");
	assert_meta_refused(f,
			    "{\"cpu_epoch0_ns\": 5, \"cpu_epoch_len_ns\": 1,"
			    "\"guest_memory_pages\": 8}",
			    "t_limit_first_step_ns: expected a whole number");
	assert_meta_refused(f,
			    "{\"cpu_epoch0_ns\": 5, \"cpu_epoch_len_ns\": 1,"
			    "\"guest_memory_pages\": 8, \"t_limit_first_step_ns\": 1}",
			    "limit_pages: expected a whole number");
	assert_meta_refused(f, "{\"cpu_epoch0_ns\": 5,\n\"x\": }", "line 2");
}

static void another_folder_is_refused_with_what_is_expected(void **state)
{
	struct fixture *f = *state;

	assert_meta_refused(f, "{}", "no recording of a known form: swapdir (meta.json)");
	put(f, "meta.json", NULL);
	import(f);
	assert_int_equal(f->rc, ERR_UNUSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dma_is_an_access_seen_from_the_device, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(devices_have_their_class, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			cpu_rows_come_in_order_of_time_from_first_touch_to_the_epochs_end, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(faults_go_by_cause_and_minor_ones_have_no_tier,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(absent_pages_are_snapshots_not_events, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_squeeze_of_the_guest_by_its_group_is_noted,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(limit_steps_are_spaced_evenly, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			limit_steps_at_no_even_pace_are_put_between_their_samples, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(the_trace_tells_how_the_guest_was_run, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_bad_dma_row_is_told_by_file_and_line_and_the_rest_is_kept, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(cpu_rows_out_of_order_are_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_faults_snapshots_and_limits_are_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_with_another_header_is_not_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_missing_file_is_damage_but_dma_is_needed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_meta_json_that_lacks_something_is_refused_with_its_name, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(another_folder_is_refused_with_what_is_expected,
						set_up, tear_down),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

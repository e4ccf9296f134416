// SPDX-License-Identifier: MIT
/*
 * Captures made here, and the project's own against the counts of tshark and
 * tcpdump (collect/COUNTS.md).
 */
#include "base/bytes.h"
#include "base/units.h"
#include "collect/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "t/damage.h"
#include "t/packet-make.h"
#include "t/tracedat-rows.h"

static struct rows import_cap(const struct cap *c)
{
	return rows_of_bytes_as("pcap", c->p, c->n);
}

static void pcap_of_both_resolutions_and_byte_orders(void **state)
{
	(void)state;
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	uint8_t ip[64], frame[80];
	const uint32_t n = (uint32_t)ethernet(frame, ip, ipv4(ip, 6, 1, 5000, 77));

	for (unsigned i = 0; i < 4; i++) {
		struct cap c = { .is_big = i & 1 };
		const uint64_t unit = i < 2 ? 1000 : 1;
		pcap_begin(&c, magics[i / 2], 1);
		pcap_packet(&c, 1700000000, 5, 1514, frame, n);
		pcap_packet(&c, 1700000001, 2, 60, frame, 20); /* cut in the IP header */
		struct rows r = import_cap(&c);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.npkt, 2);
		assert_int_equal(r.pkt[0].ts, 0);
		assert_int_equal(r.pkt[1].ts, NS_PER_SEC - 3 * unit);
		assert_int_equal(r.pkt[0].bytes, 1514);
		assert_int_equal(r.pkt[0].captured, n);
		assert_int_equal(r.pkt[0].proto, 6);
		assert_int_equal(r.pkt[0].flags, 0x18);
		assert_int_equal(r.pkt[0].seq, 77);
		assert_int_not_equal(r.pkt[0].flow, UINT64_MAX);
		assert_int_equal(r.pkt[1].proto, UINT8_MAX);
		assert_int_equal(r.pkt[1].flow, UINT64_MAX);
		assert_int_equal(rows_account(&r, "packets", "seen"), 2);
		assert_int_equal(rows_number(&r, "SELECT real_ns FROM clock"),
				 1700000000 * NS_PER_SEC + 5 * unit);
		assert_int_equal(r.damaged, 0);
		rows_free(&r);
	}
}

static struct pkt_event decode(uint32_t link, const uint8_t *p, size_t n, uint32_t *ifindex_out)
{
	struct pkt_event row = {};
	uint8_t *copy = malloc(n ? n : 1); /* of its size, for a sanitizer */

	memcpy(copy, p, n);
	packet_decode(link, copy, n, &row, ifindex_out);
	free(copy);
	return row;
}

static void the_same_packet_is_the_same_flow_behind_every_link(void **state)
{
	(void)state;
	uint8_t ip[64], p[128] = {};
	uint32_t ifindex;
	const size_t n = ipv4(ip, 17, 3, 53, 0);
	const struct pkt_event raw = decode(LINK_RAW, ip, n, &ifindex);

	assert_int_equal(raw.proto, 17);
	assert_int_equal(raw.seq, UINT32_MAX);
	assert_int_equal(decode(LINK_ETHERNET, p, ethernet(p, ip, n), &ifindex).flow, raw.flow);
	assert_int_equal(decode(LINK_IPV4, ip, n, &ifindex).flow, raw.flow);

	memcpy(p + 12, "\x81\0\0\5\x88\xa8\0\6\x08\0", 10); /* two tags */
	memcpy(p + 22, ip, n);
	assert_int_equal(decode(LINK_ETHERNET, p, 22 + n, &ifindex).flow, raw.flow);

	memset(p, 0, 16);
	memcpy(p + 4, ip, n);
	p[0] = 2;
	assert_int_equal(decode(LINK_NULL, p, 4 + n, &ifindex).flow, raw.flow);
	assert_int_equal(decode(LINK_LOOP, p, 4 + n, &ifindex).flow, raw.flow);

	memset(p, 0, 20);
	p[1] = 4; /* outgoing */
	p[14] = 8;
	memcpy(p + 16, ip, n);
	struct pkt_event row = decode(LINK_SLL, p, 16 + n, &ifindex);
	assert_int_equal(row.flow, raw.flow);
	assert_int_equal(row.dir, DIR_TO_DEVICE);
	assert_int_equal(ifindex, 0);

	memset(p, 0, 20);
	p[0] = 8;
	p[7] = 3; /* interface */
	memcpy(p + 20, ip, n);
	row = decode(LINK_SLL2, p, 20 + n, &ifindex);
	assert_int_equal(row.flow, raw.flow);
	assert_int_equal(row.dir, DIR_FROM_DEVICE);
	assert_int_equal(ifindex, 3);

	ip[19] ^= 1; /* another destination */
	assert_int_not_equal(decode(LINK_RAW, ip, n, &ifindex).flow, raw.flow);
	ip[6] = 0;
	ip[7] = 9; /* a later fragment: it has no ports */
	row = decode(LINK_RAW, ip, n, &ifindex);
	assert_int_equal(row.proto, 17);
	assert_int_equal(row.flow, UINT64_MAX);
}

static void ipv6_extensions_lead_to_the_transport(void **state)
{
	(void)state;
	struct cap c = {};
	uint32_t ifindex;

	cap_be(&c, 0x60000000, 4);
	cap_be(&c, 44, 2);
	cap_be(&c, 0, 1); /* hop by hop */
	cap_be(&c, 64, 1);
	cap_be(&c, 0x20010db8, 4);
	cap_be(&c, 0, 8);
	cap_be(&c, 1, 4);
	cap_be(&c, 0x20010db8, 4);
	cap_be(&c, 0, 8);
	cap_be(&c, 2, 4);
	cap_be(&c, 0x2c00, 2); /* hop by hop: 8 bytes, next a fragment */
	cap_be(&c, 0, 6);
	cap_be(&c, 0x0600, 2); /* first fragment, next TCP */
	cap_be(&c, 0, 6);
	cap_be(&c, 0x01bbd431, 4);
	cap_be(&c, 1234, 4);
	cap_be(&c, 0, 4);
	cap_be(&c, 0x5002, 2);
	const struct pkt_event row = decode(LINK_IPV6, c.p, c.n, &ifindex);
	assert_int_equal(row.proto, 6);
	assert_int_equal(row.seq, 1234);
	assert_int_equal(row.flags, 2);
	for (size_t n = 0; n < c.n; n++) /* no byte behind a cut is read */
		decode(LINK_IPV6, c.p, n, &ifindex);
	c.p[51] = 8; /* the fragment's offset */
	assert_int_equal(decode(LINK_IPV6, c.p, c.n, &ifindex).flow, UINT64_MAX);
}

/* Three interfaces of a kind each, a statistics block, and all kinds of packet blocks */
static void make_ng(struct cap *c)
{
	uint8_t ip[64], frame[80];
	const uint32_t raw = (uint32_t)ipv4(ip, 17, 1, 53, 0);
	const uint32_t n = (uint32_t)ethernet(frame, ip, raw);

	ng_section(c);
	ng_interface(c, 1, "eth0", 9, 0);
	ng_interface(c, 101, "tun0", 0, 0);           /* microseconds */
	ng_interface(c, 1, NULL, 0x80 | 10, 1000000); /* 1/1024 s, from a million seconds on */
	ng_packet(c, 0, 1000000 * NS_PER_SEC, 1514, frame, n, 1);
	ng_packet(c, 1, 1000000000001, 28, ip, raw, 2);
	ng_packet(c, 2, 512, 60, frame, n, 0);
	ng_obsolete(c, 1, 3, 1000000600000, 28, ip, raw);
	ng_simple(c, 90, frame, n);
	ng_statistics(c, 0, 1000001 * NS_PER_SEC, 100, 5, 2);
}

static void pcapng_interfaces_have_their_own_link_and_clock(void **state)
{
	(void)state;
	for (unsigned is_big = 0; is_big < 2; is_big++) {
		struct cap c = { .is_big = is_big };
		make_ng(&c);
		struct rows r = import_cap(&c);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.npkt, 5);
		static const uint64_t times[] = { 0, 1000, NS_PER_SEC / 2, 600000000, 600000000 };
		static const uint8_t dirs[] = { DIR_FROM_DEVICE, DIR_TO_DEVICE };
		static const uint32_t bytes[] = { 1514, 28, 60, 28, 90 };
		for (unsigned i = 0; i < 5; i++) {
			assert_int_equal(r.pkt[i].ts, times[i]);
			assert_int_equal(r.pkt[i].dir, i < 2 ? dirs[i] : DIR_UNKNOWN);
			assert_int_equal(r.pkt[i].bytes, bytes[i]);
			assert_int_equal(r.pkt[i].flow, r.pkt[0].flow);
		}
		assert_int_equal(rows_number(&r, "SELECT dev_id FROM device WHERE bdf = 'tun0'"),
				 r.pkt[1].dev);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM device"), 3);
		assert_int_equal(rows_number(&r, "SELECT v FROM meta WHERE k = 'pkt_without_time'"),
				 1);
		assert_int_equal(rows_account(&r, "packets", "seen"), 5 + 7 + 3);
		assert_int_equal(rows_account(&r, "packets", "ring_lost"), 10);
		assert_int_equal(rows_number(&r, "SELECT max(n_lost) FROM loss"), 7);
		assert_int_equal(rows_number(&r, "SELECT to_ns FROM loss WHERE n_lost = 7"),
				 NS_PER_SEC);
		assert_int_equal(r.damaged, 0);
		rows_free(&r);
	}
}

static void sections_and_unknown_blocks_follow_one_another(void **state)
{
	(void)state;
	struct cap c = {};
	uint8_t ip[64];
	const uint32_t n = (uint32_t)ipv4(ip, 17, 1, 53, 0);

	ng_section(&c);
	ng_interface(&c, 101, "a", 9, 0);
	ng_packet(&c, 0, 1000, n, ip, n, 0);
	size_t at = ng_begin(&c, 0x0badc0de); /* of nobody */
	cap_put(&c, 1, 8);
	ng_end(&c, at);
	c.is_big = true;
	ng_section(&c);
	ng_interface(&c, 101, "b", 9, 0);
	ng_packet(&c, 0, 2000, n, ip, n, 0);
	ng_packet(&c, 1, 3000, n, ip, n, 0); /* no such interface in this section */
	struct rows r = import_cap(&c);
	assert_int_equal(r.npkt, 2);
	assert_int_equal(r.pkt[1].ts, 1000);
	assert_int_not_equal(r.pkt[0].dev, r.pkt[1].dev);
	assert_int_equal(r.damaged, 1);
	assert_int_equal(rows_account(&r, "packets", "decode_error"), 1);
	rows_free(&r);
}

static void several_captures_are_merged_and_packets_sorted(void **state)
{
	(void)state;
	struct cap c[2] = {};
	struct input *in[2];
	struct err e;

	for (unsigned i = 0; i < 2; i++) {
		pcap_begin(&c[i], 0xa1b2c3d4, 101);
		for (unsigned k = 0; k < 3; k++) /* 12, 10, 11 and 112, 110, 111 */
			pcap_packet(&c[i], 5, 10 + 100 * i + (k + 2) % 3, 60 + i, "", 0);
		pcap_packet(&c[i], 6, 300 - 100 * i, 60 + i, "", 0);
		assert_int_equal(input_open_memory("in", c[i].p, c[i].n, &in[i], &e), 0);
	}
	struct rows r = rows_import_as("pcap", in, 2);
	static const uint64_t us[] = { 0, 1, 2, 100, 101, 102, 1000190, 1000290 };
	assert_int_equal(r.npkt, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(r.pkt[i].ts, us[i] * NS_PER_US);
	assert_int_equal(r.pkt[6].bytes, 61);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM device"), 2);
	rows_free(&r);
	input_close(in[0]);
	input_close(in[1]);
}

static void a_clock_set_back_loses_no_packet(void **state)
{
	(void)state;
	const size_t packets = 10000;
	struct cap head = {};
	size_t n;
	char *text = NULL;
	FILE *f = open_memstream(&text, &n);

	pcap_begin(&head, 0xa1b2c3d4, 101);
	fwrite(head.p, head.n, 1, f);
	for (size_t i = 0; i < packets; i++) {
		struct cap c = {};
		pcap_packet(&c, (uint32_t)(i < packets / 2 ? 1000 + i : 500 + i), 0, 60, "", 0);
		fwrite(c.p, c.n, 1, f);
	}
	fclose(f);
	struct rows r = rows_of_bytes_as("pcap", text, n);
	assert_int_equal(r.npkt, packets);
	for (size_t i = 1; i < packets; i++)
		assert_true(r.pkt[i].ts >= r.pkt[i - 1].ts);
	rows_free(&r);
	free(text);
}

static void damage_of_any_kind_keeps_what_stood_before(void **state)
{
	(void)state;
	struct cap c = {};
	uint8_t ip[64];
	const uint32_t n = (uint32_t)ipv4(ip, 6, 1, 5000, 77);

	make_ng(&c);
	damage_everything("pcap", c.p, c.n, false, 0);

	c = (struct cap){};
	pcap_begin(&c, 0xa1b2c3d4, 101);
	for (uint32_t i = 0; i < 12; i++)
		pcap_packet(&c, 1700000000 + i, i, 1500, ip, n);
	damage_everything("pcap", c.p, c.n, false, 0);

	/* behind a damaged header the next packets are found again */
	memset(c.p + 24 + 3 * (16 + n), 0xff, 12);
	const struct damage_result r = damage_copy("pcap", c.p, c.n);
	assert_int_equal(r.stored, 11);
	assert_int_equal(r.damaged, 1);
}

static void a_flipped_length_or_time_costs_its_packet_only(void **state)
{
	(void)state;
	uint8_t ip[64];
	const uint32_t n = (uint32_t)ipv4(ip, 6, 1, 5000, 77);

	for (unsigned k = 0; k < 3; k++) {
		struct cap c = {};
		pcap_begin(&c, 0xa1b2c3d4, 101);
		for (uint32_t i = 0; i < 40; i++)
			pcap_packet(&c, 1700000000 + i, i, 1500, ip, n);
		uint8_t *third = c.p + 24 + 3 * (16 + n);
		third[3] ^= k != 1 ? 0x80 : 0; /* decades later: kept, and no guide for the rest */
		third[9] ^= k != 0 ? 0x20 : 0; /* 8 KiB longer */
		memset(c.p + 24 + 20 * (16 + n), 0xff, 16);
		const struct damage_result r = damage_copy("pcap", c.p, c.n);
		assert_int_equal(r.stored, k ? 38 : 39);
		assert_int_equal(r.damaged, k ? 2 : 1);
	}
}

static void recordings_have_the_counts_of_tshark(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t n, wire, captured;
	} files[] = {
		{ "net-lo-ns.pcap", 1500, 513000, 513000 },
		{ "net-lo-snap64-ns.pcap", 1500, 1113000, 96000 },
		{ "net-lo-us.pcap", 2000, 484000, 484000 },
		{ "net-lo.pcapng", 1500, 363000, 363000 },
	};
	const char *dir = getenv("DATA");
	for (size_t i = 0; i < 4; i++) {
		char path[4096];
		struct input *in;
		struct err e;
		uint64_t wire = 0, captured = 0;
		snprintf(path, sizeof(path), "%s/collect/%s", dir ? dir : "../shared/data",
			 files[i].name);
		if (input_open(path, &in, &e)) {
			print_message("# %s is absent\n", path);
			skip();
		}
		struct rows r = rows_import_as("pcap", &in, 1);
		input_close(in);
		assert_int_equal(r.npkt, files[i].n);
		for (size_t k = 0; k < r.npkt; k++) {
			wire += r.pkt[k].bytes;
			captured += r.pkt[k].captured;
			assert_int_equal(r.pkt[k].proto, 17);
			assert_int_equal(r.pkt[k].flow, r.pkt[0].flow);
			assert_int_not_equal(r.pkt[k].flow, UINT64_MAX);
		}
		assert_int_equal(wire, files[i].wire);
		assert_int_equal(captured, files[i].captured);
		assert_int_equal(rows_account(&r, "packets", "seen"), files[i].n);
		assert_int_equal(r.damaged, 0);
		rows_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_of_both_resolutions_and_byte_orders),
		cmocka_unit_test(the_same_packet_is_the_same_flow_behind_every_link),
		cmocka_unit_test(ipv6_extensions_lead_to_the_transport),
		cmocka_unit_test(pcapng_interfaces_have_their_own_link_and_clock),
		cmocka_unit_test(sections_and_unknown_blocks_follow_one_another),
		cmocka_unit_test(several_captures_are_merged_and_packets_sorted),
		cmocka_unit_test(a_clock_set_back_loses_no_packet),
		cmocka_unit_test(damage_of_any_kind_keeps_what_stood_before),
		cmocka_unit_test(a_flipped_length_or_time_costs_its_packet_only),
		cmocka_unit_test(recordings_have_the_counts_of_tshark),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

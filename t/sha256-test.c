// SPDX-License-Identifier: MIT
/* SHA-256 against the examples published with FIPS 180-4 and, where present, sha256sum. */
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_published_examples_come_out(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char hex[SHA256_HEX_CHARS + 1];
	(void)state;

	sha256_hex("abc", 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex("", 0, hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex(two_blocks, strlen(two_blocks), hex);
	assert_string_equal(hex,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");

	char *million = malloc(1000000);
	memset(million, 'a', 1000000);
	sha256_hex(million, 1000000, hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

static void every_length_around_a_block_agrees_with_sha256sum(void **state)
{
	char hex[SHA256_HEX_CHARS + 1], theirs[SHA256_HEX_CHARS + 1], text[200], command[300];
	(void)state;

	if (system("sha256sum </dev/null >/dev/null 2>&1"))
		skip();
	for (size_t n = 50; n <= 130; n++) {
		for (size_t i = 0; i < n; i++)
			text[i] = (char)('a' + (i * 7 + n) % 26);
		text[n] = 0;
		snprintf(command, sizeof(command), "printf %%s %s | sha256sum", text);
		FILE *p = popen(command, "r");
		assert_non_null(p);
		assert_int_equal(fread(theirs, 1, SHA256_HEX_CHARS, p), SHA256_HEX_CHARS);
		pclose(p);
		theirs[SHA256_HEX_CHARS] = 0;
		sha256_hex(text, n, hex);
		assert_string_equal(hex, theirs);
	}
}

static void pieces_give_the_same_digest_as_the_whole(void **state)
{
	uint8_t data[500], whole[SHA256_BYTES], pieces[SHA256_BYTES];
	struct sha256 s;
	(void)state;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
	sha256_init(&s);
	sha256_update(&s, data, sizeof(data));
	sha256_final(&s, whole);
	for (size_t step = 1; step < 140; step++) {
		sha256_init(&s);
		for (size_t i = 0; i < sizeof(data); i += step)
			sha256_update(&s, data + i,
				      step < sizeof(data) - i ? step : sizeof(data) - i);
		sha256_final(&s, pieces);
		assert_memory_equal(whole, pieces, sizeof(whole));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_examples_come_out),
		cmocka_unit_test(every_length_around_a_block_agrees_with_sha256sum),
		cmocka_unit_test(pieces_give_the_same_digest_as_the_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>
#include <intelmq/file.h>
#include <intelmq/signature.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

/* Made with gpg: a key without a secret to keep, and its signature of "bar text\n". */
static const char keyring64[] =
	"mDMEXgvhABYJKwYBBAHaRw8BAQdApcHH2NvtSg8I/Q9GiUkcC8SvB8ca+QBA/"
	"0Goyjrofci0F0ZlZWQgPGZlZWRAZXhhbXBsZS5jb20+"
	"iJAEExYIADgWIQQ84jwmRSNiUoAOaOMpLJFef84W2AUCXgvhAAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCR"
	"ApLJFef84W2KKOAP0arJe+QsR6mB1nAuK84O3chJ94wGiexDecX6Z6ymnGDwEAniZT0ujA1IdR2VbbXJzRe+"
	"zLlirMV2GHGbRuUnEveQA=";
static const char signature64[] =
	"iHUEABYIAB0WIQQ84jwmRSNiUoAOaOMpLJFef84W2AUCXgvhAAAKCRApLJFef84W2HfnAP9KqSKYInWNWO3QrWnb/"
	"kVDdWkY75crT6qLxa1l//Sz9QD/V2QFDkwcitzb4aDZBjZXtFg7dO1c6yj3zn1TDKo3CQc=";

struct files {
	struct arena arena;
	char keyring[64];
	int signature, data;
};

static int file_of(struct str content)
{
	int fd = memfd_create("file", 0);
	assert_int_equal(file_write_all(fd, content), 0);
	return fd;
}

static struct str decoded(struct arena *arena, const char *text)
{
	struct str bytes;
	assert_int_equal(base64_decode(arena, str_of(text), &bytes, NULL), 0);
	return bytes;
}

static int make_files(void **state)
{
	static struct files f;
	arena_init(&f.arena);
	snprintf(f.keyring, sizeof f.keyring, "/tmp/signature_test.XXXXXX");
	int fd = mkstemp(f.keyring);
	assert_int_equal(file_write_all(fd, decoded(&f.arena, keyring64)), 0);
	close(fd);
	f.signature = file_of(decoded(&f.arena, signature64));
	f.data = file_of(S("bar text\n"));
	*state = &f;
	return 0;
}

static int remove_files(void **state)
{
	struct files *f = *state;
	unlink(f->keyring);
	close(f->signature);
	close(f->data);
	arena_fini(&f->arena);
	return 0;
}

static void good_signature(void **state)
{
	struct files *f = *state;
	struct err err = { 0 };
	int rc = signature_check(&f->arena, f->keyring, f->signature, f->data, &err);
	if (strstr(err.text, "gpgv cannot be started"))
		skip();
	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
}

static void everything_else(void **state)
{
	struct files *f = *state;
	struct err err;
	int longer = file_of(S("bar text\n\n")), nothing = file_of(S(""));
	const struct {
		const char *keyring;
		int signature, data;
	} bad[] = {
		{ f->keyring, f->signature, longer },     { f->keyring, f->signature, nothing },
		{ f->keyring, nothing, f->data },         { f->keyring, f->data, f->data },
		{ "/no/keyring", f->signature, f->data }, { "/dev/null", f->signature, f->data },
		{ NULL, f->signature, f->data },
	};
	setenv("GNUPGHOME", "/no", 1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err.text[0] = 0;
		assert_int_equal(signature_check(&f->arena, bad[i].keyring, bad[i].signature,
		                                 bad[i].data, &err),
		                 -1);
		assert_true(strstr(err.text, "gpgv") != NULL);
		assert_null(strchr(err.text, '\n'));
	}
	unsetenv("GNUPGHOME");
	close(longer);
	close(nothing);
}

static void where_the_keys_are(void **state)
{
	struct files *f = *state;
	assert_string_equal(signature_keyring(&f->arena, "/etc/keys.gpg"), "/etc/keys.gpg");
	assert_string_equal(signature_keyring(&f->arena, "keys.gpg"), "./keys.gpg");
	setenv("GNUPGHOME", "/elsewhere", 1);
	assert_string_equal(signature_keyring(&f->arena, NULL), "/elsewhere/pubring.kbx");
	unsetenv("GNUPGHOME");
	setenv("HOME", "/home/intelmq", 1);
	assert_string_equal(signature_keyring(&f->arena, NULL), "/home/intelmq/.gnupg/pubring.kbx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_signature),
		cmocka_unit_test(everything_else),
		cmocka_unit_test(where_the_keys_are),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/program.h>
#include <intelmq/signature.h>

#include <stdlib.h>
#include <unistd.h>

enum {
	PATIENCE = 60, /* seconds */
	MAX_SAID = 4096,
};

const char *signature_keyring(struct arena *arena, const char *keyring)
{
	const char *folder = getenv("GNUPGHOME"), *home = getenv("HOME");
	/* gpgv looks for a name without a folder in the user's. */
	if (keyring)
		return strchr(keyring, '/') ? keyring : arena_printf(arena, "./%s", keyring).p;
	if (folder)
		return arena_printf(arena, "%s/pubring.kbx", folder).p;
	return arena_printf(arena, "%s/.gnupg/pubring.kbx", home ? home : "").p;
}

/* The program does not inherit the file, but may open it. */
static const char *path_of(struct arena *arena, int fd)
{
	return arena_printf(arena, "/proc/%d/fd/%d", (int)getpid(), fd).p;
}

int signature_check(struct arena *arena, const char *keyring, int signature, int data,
                    struct err *err)
{
	const char *const argv[] = { "gpgv",
		                     "--keyring",
		                     signature_keyring(arena, keyring),
		                     path_of(arena, signature),
		                     path_of(arena, data),
		                     NULL };
	struct buffer said;
	buffer_init_in(&said, arena, MAX_SAID);
	int status = program_run(argv, PATIENCE, &said, err);
	if (status <= 0)
		return status;
	for (size_t i = 0; i < said.n; i++)
		if (said.p[i] == '\n')
			said.p[i] = i + 1 < said.n ? ';' : ' ';
	return err_set(err, FAULT_OTHER, "%.*s", STR_ARG(buffer_str(&said)));
}

/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * signature.h - detached OpenPGP signatures (RFC 4880 §11.4), checked by gpgv; for bots with USES_EXEC.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/*
 * 0 if the file `signature` (binary or armoured) is a good signature of all that the file `data` holds, by a key of the
 * keyring: what `gpg --export` writes, or a keybox. All keys in it are trusted. NULL: that of the user, see
 * signature_keyring. -1: it is not, or takes longer than a minute; err says why, in gpgv's words.
 */
int signature_check(struct arena *, const char *keyring, int signature, int data, struct err *);

/* The keyring itself, or for NULL pubring.kbx in $GNUPGHOME or ~/.gnupg; in the arena. */
const char *signature_keyring(struct arena *, const char *keyring);

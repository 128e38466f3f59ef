/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * paths.h - where files are: the "opt" layout (/opt/intelmq/…) and the "lsb" one (/etc/intelmq, /var/…).
 *
 * INTELMQ_ROOT_DIR moves the opt layout somewhere else; INTELMQ_PATHS_NO_OPT (not empty, and no
 * INTELMQ_ROOT_DIR) selects lsb, below ROOT_DIR if that is set. A package may make lsb the default;
 * INTELMQ_PATHS_OPT then selects opt.
 */
#pragma once
#include <intelmq/arena.h>

/* All but the files end with a slash. */
struct paths {
	const char *root;
	const char *config; /* CONFIG_DIR */
	const char *log;
	const char *run;           /* VAR_RUN_PATH */
	const char *state;         /* VAR_STATE_PATH, files of bots */
	const char *state_file;    /* of upgrade-config */
	const char *broker;        /* directory of the embedded broker's database */
	const char *broker_socket; /* where it listens */
	const char *runtime;       /* runtime.yaml */
	const char *runtime_old;   /* runtime.conf, read where runtime.yaml is absent */
	const char *harmonization;
};

enum layout { LAYOUT_OPT, LAYOUT_LSB };

/*
 * An environment: the value of a variable, or NULL. `context` is what the caller passed along.
 */
typedef const char *environment_get(const void *context, const char *name);

/* As getenv(3); context unused. */
environment_get environment_real;
/*
 * A descriptor that the parent passed on and named in the environment (INTELMQD_…_FD), or -1. The variable is removed, so
 * that children do not inherit it, and the descriptor is closed on exec.
 */
int environment_fd(const char *name);
/* Context is an array `const char *const *` of "NAME=value", NULL at the end, as environ(7). */
environment_get environment_array;

/* The paths of an environment; `usual` is the layout this build was made for. Texts lie in the arena. */
struct paths *paths_new(struct arena *, enum layout usual, environment_get *get,
                        const void *context);

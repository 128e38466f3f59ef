/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * check.h - what `intelmq check` and `intelmqctl check` both look at.
 */
#pragma once
#include "config/paths.h"
#include "config/runtime.h"
#include "message/fields.h"

/* The data format of harmonization.conf; NULL: a finding says why not. */
struct data_format *check_read_format(struct arena *, const struct paths *, struct findings *);

/* The pipeline as a whole, and each bot's module and parameters. `format` may be NULL. */
void check_runtime(struct arena *, const struct paths *, const struct data_format *format,
                   const struct runtime *, struct findings *);

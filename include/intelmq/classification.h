/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * classification.h - the taxonomy of incident classifications (Reference Incident Classification
 * Taxonomy, version 1.3 as the data format uses it).
 */
#pragma once
#include <intelmq/str.h>

/* The taxonomy of a classification type ("c2-server" -> "malicious-code"); unknown types give "other". */
struct str taxonomy_of_type(struct str classification_type);

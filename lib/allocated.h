/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * allocated.h - the end of a process that gets no memory: who supervises it starts it anew.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>

/* What malloc and its like returned, which is not NULL. */
static inline void *allocated(void *p)
{
	if (!p) {
		fprintf(stderr, "out of memory\n");
		abort();
	}
	return p;
}

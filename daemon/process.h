/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * process.h - a process that intelmqd starts: its descriptors, the page shared with it, what it prints.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <sys/types.h>

#include "daemon/loop.h"
#include "engine/page.h"

enum { PROCESS_TAIL = 4096 };

struct process {
	struct loop *loop;
	pid_t pid; /* 0: there is none */
	struct watch output;
	char tail[PROCESS_TAIL]; /* the end of what it printed */
	size_t n_tail;
	struct worker_page *page; /* of the present or last process, or NULL */
	int page_fd;              /* until it is started; -1: none */
	char reason[PAGE_STATE];  /* storage of process_words */
};

/* How it is started. Nothing is kept. */
struct launch {
	const char *file;        /* what is executed */
	const char *const *argv; /* argv[0] is what it shall be called */
	const char *const *
		environment; /* as environ(7); those of intelmqd's own and INTELMQD_* are left out */
	const char *const *more; /* further "NAME=value", NULL at the end, or NULL */
	int broker_fd;           /* becomes INTELMQD_BROKER_FD; -1: none */
	int ready_fd;            /* becomes INTELMQD_READY_FD; -1: none */
	int oom_score;           /* how ready the kernel shall be to kill it, -1000 … 1000 */
	bool has_page;           /* it gets process.page as INTELMQD_PAGE_FD */
};

/* How ready the kernel is to kill this process, and those that it starts; less than now may not be allowed. */
void oom_score_set(int score);

void process_init(struct process *, struct loop *);
void process_fini(struct process *);

/* A fresh page, all zero but for its version. */
int process_new_page(struct process *, struct err *);

/* Starts it. It dies with intelmqd, and has no descriptor but those that `launch` names. */
int process_start(struct process *, const struct launch *, struct err *);

/* It was reaped: what is left in its pipe is read. */
void process_ended(struct process *);

/* The last line that it printed, without control characters; empty if it printed nothing. */
const char *process_words(struct process *);

/* What the page says now, made safe: `state` is terminated text. False if there is none. */
bool process_read_page(const struct process *, struct worker_page *out);

/* The process of a pid file, if it still runs and is what the file's owner started: its command line has `name`, or a path
 * that ends with it, followed by `id` (NULL: nothing). 0: there is none. */
pid_t process_find(const char *pid_file, const char *name, const char *id);

/* Writes a pid file whole; removes it. */
int pid_file_write(const char *path, pid_t, struct err *);

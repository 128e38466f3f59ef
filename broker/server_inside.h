/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * server_inside.h - the server's parts: connections (server.c), what frames mean (session.c), groups (groups.c).
 */
#pragma once
#include <sys/types.h>
#include <sys/uio.h>

#include "broker/frame.h"
#include "broker/journal.h"
#include "broker/server.h"
#include "broker/writer.h"

enum asked { ASKED_NOTHING, ASKED_BATCH, ASKED_ROOM, ASKED_STATE };

/* One client. */
struct client {
	struct server *server;
	struct client *next;
	uint64_t serial;
	int fd;
	uint32_t events; /* that epoll watches */
	bool owned;      /* introduced by the owner */
	bool ended;      /* the peer has closed, or must go */
	bool broken;     /* nothing more is read from it */
	bool mute;       /* it takes nothing more */
	bool last_words; /* it is closed once what is to be sent is sent */
	pid_t pid;

	struct buffer in; /* read, from `parsed` on not looked at yet */
	size_t parsed;
	struct buffer out; /* to be sent, from `sent` on; then `parts`; then `later` */
	size_t sent;
	struct iovec *parts; /* bodies of the batch that was claimed, in their blocks */
	size_t part, n_parts, parts_capacity;
	struct buffer later;

	bool greeted, is_tool;
	struct arena life; /* names of the hello */
	struct hello hello;
	struct core_consumer *consumer; /* NULL: not yet, or a tool */

	enum asked asked;
	int64_t asked_at;
	int64_t served_at; /* when it last got a batch */
	struct receive_limits limits;
	size_t unasked;  /* bytes committed since it was told that there is room */
	struct str told; /* the full queue that it knows of */
	char told_text[256];
	bool waits; /* for the group `waits_for` to be stored, before `answer` is sent */
	uint64_t waits_for;
	struct buffer answer;
	uint64_t state_group; /* ASKED_STATE: the group that must be stored first */
	uint64_t state_after; /* the last row that it got */
	bool state_is_read;   /* a slice is under way */
};

/* Changes of a bot's state since the last group. */
struct bot_changes {
	struct bot_changes *next;
	struct str bot;
	struct buffer bytes;
	uint64_t round;       /* the group in which the bot began to go round its state */
	uint64_t drop_before; /* for the next group */
};

struct server {
	struct server_options options;
	struct store *store;
	struct writer *writer;
	struct journal *journal;
	struct core *core;
	struct client *clients;
	uint64_t last_serial;
	int epoll, listener;
	struct arena scratch;

	uint64_t group;    /* number of the one that is gathered */
	int64_t since;     /* when its first change was, 0: there is none */
	int64_t closed_at; /* when the one before was closed */
	bool wanted;       /* somebody waits for it */
	struct closed_group *writing;
	bool full; /* the disk, at the last try */
	int64_t again_at;
	uint64_t used_bytes, stored_bytes; /* on the disk, without and with the log */
	const char *trouble; /* why not everybody may publish, in words; NULL: everybody may */
	struct bot_changes *changes;
	size_t state_bytes; /* in all of them */
	struct err failure; /* FAULT_NONE: none */
};

/* server.c */
void server_log(struct server *, bool is_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Nothing more is taken from it; its claims become free with the end of this round. */
void client_end(struct client *);
/* Sends the last words and ends. */
void client_refuse(struct client *, const char *why);
/* Where an answer is written: begin it there with frame_begin, end it, and call client_send. */
struct buffer *client_out(struct client *);
void client_add_part(struct client *, struct str body);
void client_send(struct client *);

/* session.c */
void session_frames(struct client *); /* carries out all complete frames that it may */
void session_serve(struct client *,
                   int64_t now); /* answers what it asked for, if that can be done now */
/* Milliseconds until it should be looked at again though nothing happens; -1: no need. */
int64_t session_deadline(const struct client *, int64_t now);

/* groups.c */
void groups_changed(struct server *); /* something is to be written */
void groups_state(struct server *, struct str bot, struct str changes, bool round);
/* A new connection of the bot: it has not begun to go round its state yet. */
void groups_forget_round(struct server *, struct str bot);
/* The number of the group that makes everything so far durable. */
uint64_t groups_last(const struct server *);
bool groups_is_stored(const struct server *, uint64_t group);
/* Somebody waits: the group is closed soon. */
void groups_want(struct server *);
/* Closes and writes groups, reads slices, takes what is done. */
void groups_step(struct server *, int64_t now);
int64_t groups_deadline(const struct server *, int64_t now);
/* More is stored than may be. */
bool groups_are_over(const struct server *);

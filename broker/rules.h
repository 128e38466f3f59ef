/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * rules.h - what the model test (tests/botnet_model_test.c) may switch off in the broker, and which sizes it makes small.
 *
 * A rule that is switched off alone must make that test fail: who removes one learns which seed shows why it is there.
 * In every other build a rule is the constant `true`.
 */
#pragma once
#include <stdbool.h>

enum rule {
	RULE_WHOLE,       /* 1: a commit lies in one group */
	RULE_PREFIX,      /* 2: a group has everything that was before its end */
	RULE_GAP,         /* 2: no gap lies across rows that are still to be deleted */
	RULE_CLAIM_FREE,  /* 3: the end of a connection frees its claims */
	RULE_DRAIN,       /* 3: … after all that it had sent was applied */
	RULE_FENCE,       /* 3: a new connection waits for the end of the one before */
	RULE_NO_OVERTAKE, /* 3: a single instance gets nothing from behind a message that is held */
	RULE_CLEAR_FREE,  /* 3: clear leaves what is claimed */
	RULE_EPOCH,       /* 4: identities hold an epoch that each start raises */
	RULE_DURABLE,     /* 5: "durable" is said when it is on disk */
	RULE_STATE_FIRST, /* 6: state is read after everything before is on disk */
	RULE_ROUND_ROWS,  /* 6: rows count from the last but one begin of a round */
	RULE_ROUND_FORGET, /* 6: … of the same connection */
	RULE_ROOM,         /* 7: receive waits for room at the destinations */
	RULE_CYCLE,        /* 7: within a cycle nobody waits for room */
	RULE_SCC,          /* 7: the queues of a cycle share one budget */
	RULE_DISK_DRAIN,   /* 7: over the disk limit only sources wait */
	RULE_FULL_KEEPS,   /* 8: a group that found no room is kept */
	RULE_RETRY_CHECK,  /* 8: … and looked for before it is written again */
	RULE_ERROR_ENDS,   /* 8: after any other error the broker ends */
	BROKER_RULES
};

#ifdef INTELMQ_RULES
bool rule_on(enum rule);
#define USUAL_OR_TEST(usual, test) (test)
#else
#define rule_on(rule) true
#define USUAL_OR_TEST(usual, test) (usual)
#endif

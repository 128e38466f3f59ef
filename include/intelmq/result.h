/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * result.h - what a verb of a bot returns: the class of a result says who must act.
 */
#pragma once

enum result {
	DONE,      /* the message is finished; what it emitted is sent                     */
	DROP,      /* the message is finished; it is not sent on (filters)                 */
	BAD_DATA,  /* the feed is wrong: dump this row or message, go on with the next one */
	TRY_LATER, /* the world is wrong: keep the message, back off, try again            */
	BAD_CONF,  /* the operator is wrong: stop, do not restart                          */
};

/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/backend.h"

void broker_free(struct broker *broker)
{
	if (broker)
		broker->backend->free(broker);
}

int consumer_open(struct broker *broker, struct str bot, unsigned instance, struct str queue,
                  const struct str *destinations, size_t n_destinations, struct consumer **out,
                  struct err *err)
{
	const struct consumer_names names = { bot, instance, queue, destinations, n_destinations };
	return broker->backend->open(broker, &names, out, err);
}

void consumer_close(struct consumer *consumer)
{
	if (consumer)
		consumer->broker->backend->close(consumer);
}

int consumer_fd(struct consumer *consumer)
{
	return consumer->broker->backend->fd ? consumer->broker->backend->fd(consumer) : -1;
}

bool consumer_is_broken(const struct consumer *consumer)
{
	return consumer->broker->backend->is_broken &&
	       consumer->broker->backend->is_broken(consumer);
}

bool broker_wants_again(const struct consumer *consumer)
{
	return consumer->broker->backend->wants_again;
}

int broker_status(struct broker *broker, struct arena *arena, struct value *out, struct err *err)
{
	return broker->backend->status(broker, arena, out, err);
}

int broker_receive(struct consumer *consumer, struct receive_limits limits, struct arena *arena,
                   struct batch *out, struct err *err)
{
	return consumer->broker->backend->receive(consumer, limits, arena, out, err);
}

int broker_commit(struct consumer *consumer, const struct commit *commit, struct err *err)
{
	return consumer->broker->backend->commit(consumer, commit, err);
}

int broker_release(struct consumer *consumer, const struct message *messages, size_t count,
                   struct err *err)
{
	return consumer->broker->backend->release(consumer, messages, count, err);
}

struct str broker_no_room(struct consumer *consumer)
{
	return consumer->broker->backend->no_room(consumer);
}

int broker_wait_for_room(struct consumer *consumer, broker_tell *tell, void *context,
                         struct err *err)
{
	const struct backend *backend = consumer->broker->backend;
	return backend->wait_for_room ? backend->wait_for_room(consumer, tell, context, err) : 1;
}

int broker_load_state(struct consumer *consumer,
                      void (*each)(void *context, const struct state_change *), void *context,
                      struct err *err)
{
	return consumer->broker->backend->load_state(consumer, each, context, err);
}

int64_t broker_queues(struct broker *broker, struct arena *arena, struct queue_info **out,
                      struct err *err)
{
	return broker->backend->queues(broker, arena, out, err);
}

int broker_push(struct broker *broker, struct str queue, struct str body, struct err *err)
{
	return broker->backend->push(broker, queue, body, err);
}

int64_t broker_peek(struct broker *broker, struct str queue, size_t count, struct arena *arena,
                    struct str *bodies_out, struct err *err)
{
	return broker->backend->peek(broker, queue, count, arena, bodies_out, err);
}

int64_t broker_clear(struct broker *broker, struct str queue, struct err *err)
{
	return broker->backend->clear(broker, queue, err);
}

/* What a verb needs to speak to the queue: the configuration, the brand, who acts, and a
 * connection. */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include "ctl.h"
#include "mentiond/settings.h"
#include "mentiond/store.h"

#define AGENT_NAME_MAX 64

struct session {
    struct settings *settings; /* owned; NULL without a configuration */
    struct str brand;          /* borrowed from settings or the command line */
    struct str name_space;
    char agent[AGENT_NAME_MAX + 1];
    struct event_base *base; /* owned, like what follows */
    struct redis *redis;
    struct store *store;
    struct stream *stream; /* of stream_open() */
    struct event *timer, *signals[2];
    char where[256];  /* the server, for messages; never with a password */
    bool up;          /* the connection stands */
    bool interrupted; /* SIGINT or SIGTERM came, after session_catch_interrupt() */
    bool refused;     /* it could not be made: why is in lost */
    struct error lost;
};

/* Finds all of it and connects, once; then it is ctl->session. On anything but CTL_DONE the reason
 * has been told: CTL_USAGE for no or an unknown brand and a bad agent's name. */
enum exit_code ctl_open(struct ctl *ctl);
void session_close(struct session *session);

/* Runs the loop until something happened or the deadline (of the monotonic clock) has passed: false
 * when it has, or after an interrupt. */
bool session_run(struct session *session, int64_t deadline_ms);

/* From now on SIGINT and SIGTERM set `interrupted` instead of ending the program. */
int session_catch_interrupt(struct session *session, struct error *err);

/* Of any answer the queue gives: how long a call may take altogether. */
#define SESSION_CALL_MS 15000

#endif

/* The alerter: follows the events of each brand whose lease is held here, and the daemons' own, and sees to
 * it that what routes want told is told. The pure parts (routes, letters, channels) are the alerts module's;
 * this one reads, looks up, sends and commits.
 *
 * Events and letters are committed together, before a letter is sent and after each outcome. So a kill at any
 * moment loses nothing, and at most the one message under way on each channel goes out twice, with the same
 * id. */
#ifndef MENTIOND_ALERTER_H
#define MENTIOND_ALERTER_H

#include "mentiond/alert_outbox.h"
#include "mentiond/mail.h"
#include "mentiond/stream.h"

#define ALERTER_TIMEOUT_MS 30000 /* of one sending, where the channel has no limit of its own */
#define ALERTER_MESSAGE_MAX                                                                                  \
    ((size_t)4 * 1024 * 1024) /* bytes for one message, its request and what is read of the reply */

/* ---- one message --------------------------------------------------------------------------- */

/* What sends; all borrowed. `mail` may be NULL: mail channels are then broken. */
struct alert_sender {
    struct event_base *base;
    struct http_client *http;
    struct mail_client *mail;
};

/* Called once from the loop; the outcome is borrowed. */
typedef void alert_sent_fn(void *user, const struct alert_outcome *outcome);

struct alert_sending;

/* Notice and memo live in the arena, which is taken over with them (and left empty). *ret is valid until
 * `done` was called. What cannot even begin is an outcome, too. -ENOMEM. */
int alert_send(const struct alert_sender *sender, const struct alert_target *target,
               const struct alert_notice *notice, struct str memo, struct arena *arena, alert_sent_fn *done,
               void *user, struct alert_sending **ret, struct error *err);
/* No callback will come. NULL is accepted. */
void alert_send_cancel(struct alert_sending *sending);

/* ---- all of them --------------------------------------------------------------------------- */

struct alerter;

struct alerter_options {
    struct event_base *base; /* borrowed, as all of these: must outlive the alerter */
    struct http_client *http;
    struct store *store;
    const struct alert_plan *plan;
    const struct settings *settings;
    const char *host; /* "seen from" */
    /* Of a brand: its stream's reader, and its lease while it is held here (NULL: it is not); with "" the
     * lease of who tells of the daemons' own events. */
    struct stream_reader *(*stream)(void *user, struct str brand);
    const char *(*lease)(void *user, struct str brand);
    void *user;
};

/* Direct channels are served from now on. */
int alerter_create(const struct alerter_options *options, struct alerter **ret, struct error *err);
/* The streams are there: follows them from now on. */
void alerter_start(struct alerter *alerter);
/* Begins nothing more; calls `done` once what is under way has an outcome that is stored, or after grace_ms.
 */
void alerter_drain(struct alerter *alerter, int64_t grace_ms, void (*done)(void *user), void *user);
/* Before the streams' end. NULL is accepted. */
void alerter_destroy(struct alerter *alerter);

#endif

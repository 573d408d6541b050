/* What channels share among themselves: small helpers over the public contract. */
#ifndef MENTIOND_ALERTS_CHANNEL_H
#define MENTIOND_ALERTS_CHANNEL_H

#include "alerts/text.h"
#include "mentiond/alert.h"
#include "mentiond/buf.h"

/* A POST of `body` as JSON (the buffer is finished). is_path_secret, so errors show the host only. */
int request_post_json(struct alert_request *request, struct str url, struct buf *body, struct arena *arena,
                      struct error *err);
/* The same with an address that is itself the credential. */
int request_post_secret(struct alert_request *request, const struct secret *url, struct buf *body, struct arena *arena,
                        struct error *err);
void request_add(struct alert_request *request, const char *name, struct str value, bool secret);
/* The secret's value in the arena; an error names its spec only. */
int secret_text(const struct secret *secret, struct arena *arena, struct str *ret_value, struct error *err);

/* By status: 2xx DONE, 429 LATER with what the receiver says, 408 and 5xx LATER, 413 and 422 REFUSED, all other BROKEN.
 * `reason` has the status and the first line of the body, cleaned and cut. True if it is DONE. */
bool outcome_by_status(const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret);
void outcome_set(struct alert_outcome *ret, enum alert_verdict verdict, struct str reason);
/* The first line of a reply for people. */
struct str reply_line(const struct alert_reply *reply, struct arena *arena);

/* "people: 37", one line each, the examples as quotes: what channels without markup show. */
void notice_print_plain(const struct alert_notice *notice, struct buf *b);

#endif

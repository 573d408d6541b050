/* What channels share among themselves: small helpers over the public contract. */
#ifndef MENTIOND_ALERTS_CHANNEL_H
#define MENTIOND_ALERTS_CHANNEL_H

#include "alerts/text.h"
#include "mentiond/alert.h"
#include "mentiond/buf.h"
#include "mentiond/json.h"

/* A POST of `body` as JSON (the buffer is finished). is_path_secret, so errors show the host only. */
int request_post_json(struct alert_request *request, struct str url, struct buf *body, struct arena *arena,
                      struct error *err);
/* The same with an address that is itself the credential. */
int request_post_secret(struct alert_request *request, const struct secret *url, struct buf *body,
                        struct arena *arena, struct error *err);
void request_add(struct alert_request *request, const char *name, struct str value, bool secret);
/* "Authorization: Bearer" and the secret. Nothing where it is not configured. */
int request_add_token(struct alert_request *request, const struct secret *token, struct arena *arena,
                       struct error *err);
/* Without "/" at its end. */
struct str base_url(struct str url);
/* The secret's value in the arena; an error names its spec only. */
int secret_text(const struct secret *secret, struct arena *arena, struct str *ret_value, struct error *err);

/* By status: 2xx DONE, 429 LATER with what the receiver says, 408 and 5xx LATER, 413 and 422
 * REFUSED, all other BROKEN. `reason` has the status and the first line of the body, cleaned
 * and cut. True if it is DONE. */
bool outcome_by_status(const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret);
void outcome_set(struct alert_outcome *ret, enum alert_verdict verdict, struct str reason);
/* The first line of a reply for people: cleaned, cut, and without what looks like a credential. */
struct str reply_line(const struct alert_reply *reply, struct arena *arena);
/* DONE is REFUSED: the status was fine, the body is not. */
void outcome_refuse_body(const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret);

/* The body as JSON in the arena; NULL when it is none. */
const json_t *reply_json(const struct alert_reply *reply, struct arena *arena);

/* What an error of a receiver means where its status does not tell. */
struct reply_rule {
    int status;       /* 0: any */
    const char *word; /* the field begins with it */
    enum alert_verdict verdict;
};

/* The verdict of the first rule whose word begins the text, or is the number, of a field of the body (a
 * dotted path); as it was when there is none. `rules` ends with {0}. */
void outcome_by_rules(const struct alert_reply *reply, const json_t *body, const char *field,
                      const struct reply_rule *rules, struct alert_outcome *ret);
/* LATER and no waiting time yet: the number at a dotted path, in units of so many ms; a day at most. */
void outcome_wait_field(const json_t *body, const char *field, double unit_ms, struct alert_outcome *ret);

/* "firing", "acknowledged", "resolved", "passing". */
const char *notice_phase(const struct alert_notice *notice);
/* "info", "warning", "critical". */
const char *notice_severity(const struct alert_notice *notice);
/* 0xRRGGBB: red, amber, blue; green once it is over. */
unsigned notice_color(const struct alert_notice *notice);

/* "people: 37", one line each, the examples as quotes: what channels without markup show. */
void notice_print_plain(const struct alert_notice *notice, struct buf *b);

#endif

/* Mail, by libcurl on the libevent loop: one message to one server. TLS is verified; STARTTLS is asked for
 * unless the request says otherwise. Callbacks run from the loop, never inside mail_start(). */
#ifndef MENTIOND_MAIL_H
#define MENTIOND_MAIL_H

#include <event2/event.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define MAIL_RECIPIENTS_MAX 32
#define MAIL_TEXT_MAX (256 * 1024) /* bytes */
#define MAIL_TRANSFERS_MAX 16      /* at a time */

struct mail_client;
struct mail_transfer;

struct mail_request {
    struct str url;            /* smtp://host:port or smtps:// */
    bool plain;                /* no STARTTLS: for a relay on this machine */
    struct str user, password; /* "" for none */
    struct str from;           /* addresses alone, without <> */
    const struct str *to;
    size_t n_to;
    struct str text;           /* headers, an empty line, the body; lines end with CR LF */
    int64_t timeout_ms;        /* of the whole */
};

/* The server's last word: `status` as of SMTP (250, 451, 550), or 0 and an error: it was not
 * reached, broke off, has no trustworthy certificate, or refused the login (-EACCES). Texts name the
 * server, never user or password. */
typedef void mail_done_fn(void *user, int status, struct str line, const struct error *err);

/* ca_file NULL: the system's. */
int mail_client_create(struct event_base *base, const char *ca_file, struct mail_client **ret,
                       struct error *err);
/* Cancels what is running, without callbacks. NULL is accepted. */
void mail_client_destroy(struct mail_client *client);

/* Copies what it needs. -EINVAL: an address with a line end or without a text; -EBUSY. */
int mail_start(struct mail_client *client, const struct mail_request *request, mail_done_fn *done, void *user,
               struct mail_transfer **ret, struct error *err);
void mail_cancel(struct mail_transfer *transfer); /* no callback will come; NULL is accepted */

#endif

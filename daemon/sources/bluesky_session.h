/* The Bluesky session: what is kept between requests and across restarts, and how it changes. */
#ifndef MENTIOND_SOURCES_BLUESKY_SESSION_H
#define MENTIOND_SOURCES_BLUESKY_SESSION_H

#include "sources/driver.h"

struct bluesky_account {
    struct str service;
    struct secret identifier, password;
};

enum session_state {
    SESSION_LOGIN,   /* nothing that works: createSession */
    SESSION_REFRESH, /* the access token has expired: refreshSession */
    SESSION_READY,
};

struct bluesky_session {
    enum session_state state;
    struct str access, refresh, did;
    struct str handle;   /* of the account, as the last login or refresh told */
    struct str pds;      /* the account's own server, "" if not told */
    int64_t tries;       /* what was done about refused tokens: 0 nothing, 1 refreshed, 2 logged in */
    int64_t obtained_ms; /* when they came */
};

/* From the account's session text; SESSION_LOGIN if there is none or it is odd. Lives in the
 * arena. */
struct bluesky_session bluesky_session_load(const struct source_account *account, struct arena *arena);

/* Where requests go: the PDS once it is known, else the configured service. */
struct str bluesky_base_url(const struct source_account *account, const struct bluesky_session *session);

/* createSession or refreshSession, as the state asks. */
int bluesky_login_prepare(const struct source_account *account, const struct bluesky_session *session,
                          struct arena *arena, struct source_request *ret_request, struct error *err);
int bluesky_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err);

/* A query was refused for its token: what follows. Refresh; if that did not help, a new session; if
 * that did not help either, STOP. */
void bluesky_session_refused(const struct parsing *p, struct source_step *ret_step);

/* The "error" member of a reply, "" if the body is no JSON object. */
struct str bluesky_error_name(const struct parsing *p);

#endif

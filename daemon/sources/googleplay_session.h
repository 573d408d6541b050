/* Access to Google's APIs with a service account: an assertion signed with its key is exchanged for a
 * token of an hour. */
#ifndef MENTIOND_SOURCES_GOOGLEPLAY_SESSION_H
#define MENTIOND_SOURCES_GOOGLEPLAY_SESSION_H

#include "sources/driver.h"

struct googleplay_account {
    struct secret key; /* the service account's JSON */
    struct str api;
};

/* The token to use now, or "" and the login that gets one in *ret_request. Errors: the key cannot be read
 * or used. */
int googleplay_session_prepare(const struct source_account *account, int64_t now_ms, struct arena *arena,
                               struct str *ret_token, struct source_request *ret_request, struct error *err);
int googleplay_session_parse(const struct parsing *p, struct source_step *ret_step, struct error *err);

/* A token was refused: another, unless it is a new one: then STOP. */
void googleplay_session_refused(const struct parsing *p, struct source_step *ret_step);

#endif

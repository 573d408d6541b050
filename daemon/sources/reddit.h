/* What the Reddit driver's files share. */
#ifndef MENTIOND_SOURCES_REDDIT_H
#define MENTIOND_SOURCES_REDDIT_H

#include "sources/driver.h"

struct reddit_account {
    struct str api, login;
    struct secret client_id, client_secret, username, password, refresh_token;
    struct str user_agent;
};

/* ---- reddit_session.c: the token, kept in the account's session -------------------------- */

/* The token to send; "" when one has to be fetched first. */
struct str reddit_token(const struct source_account *account, int64_t now_ms);
int reddit_login_prepare(const struct source_account *account, struct arena *arena,
                         struct source_request *ret_request, struct error *err);
int reddit_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err);
/* A request was refused for its token: another one, once; STOP if that was tried just now. */
void reddit_token_refused(const struct parsing *p, struct source_step *ret_step);

/* ---- reddit_thing.c ---------------------------------------------------------------------- */

/* "t1_…" or "t3_…" of a listing's child, made up from kind and id where it is absent; "" for anything else.
 */
struct str reddit_thing_name(const struct parsing *p, const json_t *child);
int64_t reddit_thing_created_ms(const json_t *child);
/* Adds a post or comment; what was deleted or removed is reported gone. NULL if it gave no mention. */
struct mention *reddit_thing_read(const struct parsing *p, const json_t *child);

#endif

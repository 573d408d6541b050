/* What the Lemmy driver's files share. */
#ifndef MENTIOND_SOURCES_LEMMY_H
#define MENTIOND_SOURCES_LEMMY_H

#include "sources/driver.h"

struct lemmy_account {
    struct str instance;
    struct secret username, password;
    bool auth_in_url;
};

/* ---- lemmy_session.c: the token, kept in the account's session --------------------------- */

struct str lemmy_token(const struct source_account *account); /* "": log in first */
int lemmy_login_prepare(const struct source_account *account, struct arena *arena,
                        struct source_request *ret_request, struct error *err);
int lemmy_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err);
/* A request was refused as not logged in: once more, then STOP. */
void lemmy_token_refused(const struct parsing *p, struct source_step *ret_step);

/* Any refusal: true if the reply is one, with what follows. `endpoint`'s limit decides how long to wait. */
bool lemmy_refusal_read(const struct parsing *p, bool is_search, struct source_step *ret_step);
/* "couldnt_find_comment" of a refusal; "" if it has none. */
struct str lemmy_error(const struct parsing *p);

/* ---- lemmy_view.c ------------------------------------------------------------------------ */

/* The comment or post of a view, NULL if it is neither; its times. */
const json_t *lemmy_view_item(const json_t *view);
int64_t lemmy_item_time_ms(const json_t *item);
/* Adds the mention of a view; what was deleted or removed is reported gone. `server`: the instance's host. */
struct mention *lemmy_view_read(const struct parsing *p, const json_t *view, struct str server);

#endif

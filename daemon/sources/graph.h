/* What Meta's APIs have in common (Threads, Facebook, Instagram): requests with a token, pages, errors,
 * what is left of the allowance, and tokens that live for 60 days unless they are renewed. */
#ifndef MENTIOND_SOURCES_GRAPH_H
#define MENTIOND_SOURCES_GRAPH_H

#include "sources/timewalk.h"
#include "sources/url.h"

/* Of every Meta account; drivers put it first into their own. */
struct graph_account {
    struct str api;
    struct str id; /* of the page or user */
    struct secret token, app_secret;
};

/* Adds the token (and its proof, where there is an app secret) to the URL and makes a GET of it. The
 * token is in the query, which is in no log. */
int graph_request_finish(const struct source *src, struct url *u, struct str token, const char *endpoint,
                         struct arena *arena, struct source_request *ret_request, struct error *err);

/* The token of the configuration, in the arena. */
int graph_token_resolve(const struct source *src, struct arena *arena, struct str *ret_token,
                        struct error *err);

/* ---- tokens that are renewed ----------------------------------------------------------------- */

/* How one network renews: GET <origin of the API>/refresh_access_token?grant_type=<grant>. */
#define GRAPH_REFRESH_MS (7 * 24 * 3600 * 1000LL)

/* The token to use now. If it is time to renew it (or it was never tried) *ret_request is that login and
 * *ret_token is "". The session remembers from which configured token it came: a new one there starts
 * anew. */
int graph_session_prepare(const struct source *src, const char *grant, int64_t now_ms, struct arena *arena,
                          struct str *ret_token, struct source_request *ret_request, struct error *err);
/* A renewal's reply. A token that is too young to be renewed is tried again a day later. */
int graph_session_parse(const struct parsing *p, struct source_step *ret_step, struct error *err);

/* ---- pages ----------------------------------------------------------------------------------- */

/* Where the next page is: "after X", or "until X Y" where lists are paged by time; "" at the end. Never
 * the `next` URL, which holds the token. `follows_after`: a network that has cursors without `next`
 * (Threads). */
struct str graph_next(const struct parsing *p, const json_t *value, bool follows_after);
/* Adds its parameters to a request; nothing for "". */
void graph_add_place(struct url *u, struct str next);

/* Loads the reply, or decides the step for what is none: true. *ret_code is then 0, or a negative errno
 * of parse(). */
bool graph_refused(const struct parsing *p, json_t **ret_value, struct source_step *ret_step, int *ret_code,
                   struct error *err);

/* What the headers say about the allowance, in percent: into the step. */
void graph_read_budget(const struct parsing *p, struct source_step *ret_step);

#endif

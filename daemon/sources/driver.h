/* What drivers share among themselves: small helpers over the public contract. */
#ifndef MENTIOND_SOURCES_DRIVER_H
#define MENTIOND_SOURCES_DRIVER_H

#include "mentiond/source.h"

/* One page's parsing: what every step of it needs at hand. */
struct parsing {
    const struct source *src;
    const struct source_cursor *at;
    const struct source_reply *reply;
    struct source_page *page;
    struct arena *arena; /* the page's */
};

/* Adds a header to a request; `secret` as in struct http_header. */
void request_add_header(struct source_request *request, const char *name, struct str value, bool secret);

/* "Authorization: Bearer <token>" with a token from the configuration. */
int request_add_bearer(struct source_request *request, const struct secret *token, struct arena *arena,
                       struct error *err);
void request_add_bearer_text(struct source_request *request, struct str token, struct arena *arena);

/* "Authorization: Basic …" of a user and a password from the configuration; an unset password is an empty one. */
int request_add_basic(struct source_request *request, const struct secret *user, const struct secret *password,
                      struct arena *arena, struct error *err);

/* Begins a GET with the usual Accept header. */
void request_begin_get(struct source_request *request, const char *endpoint, struct str url);

/* Parses the reply's JSON onto the page's arena; its faults are counted in the page. */
int parsing_load(const struct parsing *p, json_t **ret_value, struct error *err);

/* HTML to text in the arena; "" when out of memory. */
struct str html_to_text(struct str html, struct arena *arena);

/* Strings, and integers as their digits; "" otherwise. */
struct str json_id(const json_t *value, struct arena *arena);

/* An ISO time member; 0 if absent or odd. */
int64_t json_get_time_ms(const json_t *object, const char *key);

/* Adds to m->named what is not there yet; more than MENTION_NAMED_MAX are dropped. */
void mention_add_named(struct mention *m, struct str name);

/* The language as told (an empty tag counts as not told), else as the text looks. */
void mention_set_lang(struct mention *m, struct str told);

/* Counts an item that became no mention; the first note is kept. */
void page_skip(struct source_page *page, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same of a line whose sender is told. */
void page_refuse(struct source_page *page, unsigned line, const char *why);

/* A decimal cursor field; `otherwise` if it is empty or odd. */
int64_t cursor_i64(struct str field, int64_t otherwise);
struct str cursor_from_i64(struct arena *arena, int64_t number);

/* The floor of a walk, a number, and whether the walk was given the page before once more: proxies repeat themselves, so
 * it asks again, but only once; a network that does so twice does not let us go on, which is a gap. */
int64_t walk_floor(const struct source_cursor *at, int64_t otherwise);
bool walk_was_repeated(const struct source_cursor *at);
struct str walk_floor_text(struct arena *arena, int64_t floor, bool repeated);

/* `ret_step` to DONE with low, not walking. */
void step_done(struct source_step *ret_step, struct str low);
void step_fail(struct source_step *ret_step, enum step_kind kind, struct str reason);

#endif

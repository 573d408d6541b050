/* URLs that drivers build: a base from the configuration, path segments and parameters
 * percent-encoded. */
#ifndef MENTIOND_SOURCES_URL_H
#define MENTIOND_SOURCES_URL_H

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/error.h"

struct url {
    struct buf text;
    bool has_params;
};

/* `base` without its trailing slashes, then `path` as it is. */
void url_begin(struct url *u, struct str base, const char *path);
void url_add_segment(struct url *u, struct str segment);              /* encoded, without a slash in front */
void url_add_param(struct url *u, const char *name, struct str value); /* both encoded; none if empty */
void url_add_i64(struct url *u, const char *name, int64_t value);
/* The text, in the arena; frees what the builder holds. -ENOMEM. */
int url_finish(struct url *u, struct arena *arena, struct str *ret, struct error *err);

/* "https://host:port" and "host:port" of a URL; borrowed, "" if it has none. */
struct str url_origin(struct str url);
struct str url_authority(struct str url);
/* A link as a document at `base` has it, made absolute, in the arena; "" unless it is then http or https
 * without a user in it and at most URL_LINK_MAX long. */
#define URL_LINK_MAX 2000
struct str url_resolve(struct str base, struct str link, struct arena *arena);
/* The value of a parameter, not decoded; "" if absent. */
struct str url_get_param(struct str url, const char *name);
/* The target of `<…>; rel="…"` in a Link header; "" if absent. */
struct str link_header_find(struct str header, const char *rel);

#endif

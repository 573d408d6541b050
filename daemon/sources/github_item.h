/* One issue, pull request, discussion or comment of GitHub as a mention. */
#ifndef MENTIOND_SOURCES_GITHUB_ITEM_H
#define MENTIOND_SOURCES_GITHUB_ITEM_H

#include "sources/driver.h"

/* Names of the members that REST and GraphQL call differently. */
struct github_shape {
    const char *id, *url, *author, *body, *created_at, *updated_at;
    bool is_graphql;
};
extern const struct github_shape github_rest, github_graphql;

/* Adds the mention to the page; NULL if it is none: counted as skipped. */
struct mention *github_item_read(const struct parsing *p, const json_t *item,
                                 const struct github_shape *shape);

#endif

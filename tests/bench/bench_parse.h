/* What the parts of bench_parse share. */
#ifndef BENCH_PARSE_H
#define BENCH_PARSE_H

#include "mentiond/source.h"

/* A driver and a page of its network: `fixture` below tests/fixtures, whose items, in the array at `list` (a
 * dotted path, * "" for the page itself), are repeated until there are 100. At `id` (dotted, in the item)
 * each gets one of its own. */
struct parse_case {
    const char *driver, *options, *account, *session, *low, *fixture, *list, *id;
    const char *recorded; /* of ../shared/fixtures, parsed as it is; NULL: none that is large enough */
};

/* JSON lines and XML have the endings .jsonl and .xml: `list` is then the item's element, `id` the one in it.
 */
bool parse_page_make(const struct parse_case *c, struct buf *ret);
bool parse_page_read(const char *path, struct buf *ret);

/* A child that answers every request with the same page, and a client for it. */
struct parse_fetch;
int parse_fetch_start(struct str page, struct parse_fetch **ret, struct error *err);
/* The body, borrowed for the call. */
typedef int parse_body_fn(void *user, struct str body);
int parse_fetch_once(struct parse_fetch *f, parse_body_fn *on_body, void *user, struct error *err);
void parse_fetch_stop(struct parse_fetch *f);

#endif

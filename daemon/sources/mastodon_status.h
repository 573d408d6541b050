/* One Mastodon status as a mention. */
#ifndef MENTIOND_SOURCES_MASTODON_STATUS_H
#define MENTIOND_SOURCES_MASTODON_STATUS_H

#include "sources/driver.h"

/* Adds the mention of `status`, as `server` (host, with port if any) shows it, to the page; NULL if
 * it is none: counted as skipped. `with_private`: also posts that are not public. */
struct mention *mastodon_status_read(const struct parsing *p, const json_t *status, struct str server,
                                     bool with_private);

#endif

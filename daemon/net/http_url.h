/* URLs of HTTP requests: where they lead, and which of it may be shown. */
#ifndef NET_HTTP_URL_H
#define NET_HTTP_URL_H

#include <stdbool.h>

#include <curl/curl.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define HTTP_URL_MAX 8192 /* bytes */

/* An http or https URL with a host; -EINVAL. The handle is the caller's (curl_url_cleanup). */
int http_url_parse(struct str text, CURLU **ret_url, struct error *err);

/* Where a Location header leads from a URL: the handle is the caller's. *ret_other_origin: scheme,
 * host or port differ; the new URL has no user and password then. -EPROTO: leads nowhere, or from
 * https to http. */
int http_url_follow(CURLU *from, struct str location, CURLU **ret_url, bool *ret_other_origin,
                    struct error *err);

#endif

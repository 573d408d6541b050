/* Which certificates a transfer trusts. */
#ifndef MENTIOND_NET_HTTP_TRUST_H
#define MENTIOND_NET_HTTP_TRUST_H

#include <stdbool.h>

#include <curl/curl.h>

/* Whether the system's certificates can be looked up one by one in the folder that
 * curl knows. Looks at the disk. */
bool http_trust_has_folder(void);

/* Exactly those of `ca_file` (PEM); NULL: the system's, from their folder if it is there. */
void http_trust_set(CURL *easy, const char *ca_file, bool has_folder);

/* Whether a folder is one that certificates can be looked up in: it has entries named by the hash of a
 * subject, as c_rehash makes them ("5ad8a5d6.0"). */
bool http_trust_is_hashed(const char *folder);

#endif

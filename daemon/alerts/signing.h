/* Digests and signatures for receivers, by OpenSSL's libcrypto. Results are in the arena; "" when out of
 * memory. */
#ifndef MENTIOND_ALERTS_SIGNING_H
#define MENTIOND_ALERTS_SIGNING_H

#include <stdbool.h>

#include "mentiond/arena.h"

/* 64 hexadecimal digits. */
struct str alert_sha256_hex(struct str text, struct arena *arena);

/* HMAC-SHA256 in base64. */
struct str alert_hmac_base64(struct str key, struct str text, struct arena *arena);

struct str alert_base64(struct str bytes, struct arena *arena);

/* A name for machines: `text` itself where it is at most `max` bytes of letters, digits and / _ - : = , else
 * its digest, which always is. */
struct str alert_plain_key(struct str text, size_t max, struct arena *arena);

/* What base64 stands for; false for what is none, *ret untouched. */
bool alert_base64_decode(struct str text, struct arena *arena, struct str *ret);

#endif

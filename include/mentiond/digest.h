/* SHA-256 and its HMAC, by OpenSSL's libcrypto: 32 bytes in the arena, for hex_encode() or base64_encode();
 * "" when out of memory. */
#ifndef MENTIOND_DIGEST_H
#define MENTIOND_DIGEST_H

#include "mentiond/arena.h"

struct str digest_sha256(struct str text, struct arena *arena);
struct str digest_hmac_sha256(struct str key, struct str text, struct arena *arena);

#endif

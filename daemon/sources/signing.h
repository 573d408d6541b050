/* The signed token that networks ask of a service account, by OpenSSL's libcrypto. */
#ifndef MENTIOND_SOURCES_SIGNING_H
#define MENTIOND_SOURCES_SIGNING_H

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/error.h"

/* A JSON Web Token, RS256: base64url(header).base64url(claims).base64url(signature), in the arena.
 * `key_pem` is a private RSA key in PEM (PKCS #8 or #1), `header` and `claims` are JSON. Errors, which
 * never show the key: -EINVAL, no such key; -ENOMEM. */
int sign_jwt_rs256(struct str key_pem, struct str header, struct str claims, struct arena *arena,
                   struct str *ret, struct error *err);

#endif

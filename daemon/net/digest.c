/* Pure functions over OpenSSL, for those who sign requests; no key is kept. */
#include "mentiond/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

static const unsigned char *bytes_of(struct str text)
{
    return (const unsigned char *)(text.s ? text.s : "");
}

struct str digest_sha256(struct str text, struct arena *arena)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    struct str copy;

    SHA256(bytes_of(text), text.len, sum);
    copy = arena_str(arena, (struct str){(const char *)sum, sizeof(sum)});
    return copy.s ? copy : STR("");
}

struct str digest_hmac_sha256(struct str key, struct str text, struct arena *arena)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct str copy = STR("");

    if (HMAC(EVP_sha256(), bytes_of(key), (int)key.len, bytes_of(text), text.len, sum, &len))
        copy = arena_str(arena, (struct str){(const char *)sum, len});
    return copy.s ? copy : STR("");
}

/* Pure functions over OpenSSL; no key is kept. */
#include "alerts/signing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define BASE64_MAX 1024 /* characters that are decoded */

struct str alert_sha256_hex(struct str text, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *hex = arena_alloc(arena, 2 * sizeof(hash) + 1);

    if (!hex)
        return STR("");
    SHA256((const unsigned char *)(text.s ? text.s : ""), text.len, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * sizeof(hash)] = '\0';
    return (struct str){hex, 2 * sizeof(hash)};
}

struct str alert_hmac_base64(struct str key, struct str text, struct arena *arena)
{
    unsigned char mac[EVP_MAX_MD_SIZE], *base64 = arena_alloc(arena, 4 * (EVP_MAX_MD_SIZE / 3 + 1) + 1);
    unsigned int len = 0;

    if (!base64 || !HMAC(EVP_sha256(), key.s ? key.s : "", (int)key.len,
                         (const unsigned char *)(text.s ? text.s : ""), text.len, mac, &len))
        return STR("");
    return (struct str){(char *)base64, (size_t)EVP_EncodeBlock(base64, mac, (int)len)};
}

struct str alert_base64(struct str bytes, struct arena *arena)
{
    unsigned char *base64 = arena_alloc(arena, 4 * (bytes.len / 3 + 1) + 1);

    if (!base64)
        return STR("");
    return (struct str){(char *)base64,
                        (size_t)EVP_EncodeBlock(base64, (const unsigned char *)bytes.s, (int)bytes.len)};
}

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.s[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c && strchr("/_-:=,", c))))
            return false;
    }
    return text.len > 0;
}

struct str alert_plain_key(struct str text, size_t max, struct arena *arena)
{
    return text.len <= max && is_plain(text) ? text : alert_sha256_hex(text, arena);
}

bool alert_base64_decode(struct str text, struct arena *arena, struct str *ret)
{
    size_t padding = str_ends_with(text, STR("==")) ? 2 : str_ends_with(text, STR("=")) ? 1 : 0;
    unsigned char *bytes;
    int len;

    if (text.len == 0 || text.len > BASE64_MAX || text.len % 4)
        return false;
    bytes = arena_alloc(arena, text.len / 4 * 3 + 1);
    len = bytes ? EVP_DecodeBlock(bytes, (const unsigned char *)text.s, (int)text.len) : -1;
    if (len < 0)
        return false;
    *ret = (struct str){(char *)bytes, (size_t)len - padding};
    return true;
}

/* Everything here is a pure function of its arguments: no clock, no randomness (RSA PKCS #1 v1.5 has
 * none), no state but OpenSSL's own error queue, which is emptied. */
#include "sources/signing.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#define JWT_MAX (16 * 1024)
#define RSA_BYTES_MIN 256 /* keys below 2048 bits are refused by everybody */

struct str sign_hmac_hex(struct str key, struct str text, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    char hex[2 * EVP_MAX_MD_SIZE];
    struct str copy;

    if (!HMAC(EVP_sha256(), key.s ? key.s : "", (int)key.len, (const unsigned char *)(text.s ? text.s : ""),
              text.len,
              mac, &len))
        return STR("");
    for (unsigned int i = 0; i < len; i++) {
        hex[2 * i] = digits[mac[i] >> 4];
        hex[2 * i + 1] = digits[mac[i] & 15];
    }
    copy = arena_str(arena, (struct str){hex, (size_t)len * 2});
    return copy.s ? copy : STR("");
}

static void append_base64url(struct buf *b, const void *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *bytes = data;

    for (size_t i = 0; bytes && i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t three = (uint32_t)bytes[i] << 16;

        three |= n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= n > 2 ? (uint32_t)bytes[i + 2] : 0;
        for (size_t k = 0; k <= n; k++)
            buf_append_char(b, digits[three >> (18 - 6 * k) & 63]);
    }
}

/* No passphrase, and no prompt for one. */
static int no_password(char *to, int size, int writing, void *user)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)user;
    return 0;
}

static EVP_PKEY *load_key(struct str pem, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(pem.s ? pem.s : "", (int)pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    if (!key || EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_size(key) < RSA_BYTES_MIN) {
        error_set(err, -EINVAL, "not a private RSA key of 2048 bits or more in PEM");
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* Appends the signature of what is in `b`. */
static int append_signature(EVP_PKEY *key, struct buf *b, struct error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_size(key);
    unsigned char *signature = calloc(1, len);
    int code = 0;

    if (!context || !signature || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, (const unsigned char *)b->data, b->len) != 1)
        code = error_set(err, -EINVAL, "the key does not sign");
    ERR_clear_error();
    if (code == 0) {
        buf_append_char(b, '.');
        append_base64url(b, signature, len);
    }
    free(signature);
    EVP_MD_CTX_free(context);
    return code;
}

int sign_jwt_rs256(struct str key_pem, struct str header, struct str claims, struct arena *arena,
                   struct str *ret,
                   struct error *err)
{
    EVP_PKEY *key = load_key(key_pem, err);
    struct buf b = BUF_INIT(JWT_MAX);
    struct str copy = {NULL, 0};
    int code;

    if (!key)
        return -EINVAL;
    append_base64url(&b, header.s, header.len);
    buf_append_char(&b, '.');
    append_base64url(&b, claims.s, claims.len);
    code = b.failed ? error_oom(err) : append_signature(key, &b, err);
    if (code == 0 && !b.failed)
        copy = arena_str(arena, buf_str(&b));
    if (code == 0 && !copy.s)
        code = error_oom(err);
    if (code == 0)
        *ret = copy;
    buf_finish(&b);
    EVP_PKEY_free(key);
    return code;
}

/* Everything here is a pure function of its arguments: no clock, no randomness (RSA PKCS #1 v1.5 has
 * none), no state but OpenSSL's own error queue, which is emptied. */
#include "sources/signing.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "mentiond/codec.h"

#define JWT_MAX (16 * 1024)
#define RSA_BYTES_MIN 256 /* keys below 2048 bits are refused by everybody */

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
        base64url_append(b, (struct str){(const char *)signature, len});
    }
    free(signature);
    EVP_MD_CTX_free(context);
    return code;
}

int sign_jwt_rs256(struct str key_pem, struct str header, struct str claims, struct arena *arena,
                   struct str *ret, struct error *err)
{
    EVP_PKEY *key = load_key(key_pem, err);
    struct buf b = BUF_INIT(JWT_MAX);
    struct str copy = {NULL, 0};
    int code;

    if (!key)
        return -EINVAL;
    base64url_append(&b, header);
    buf_append_char(&b, '.');
    base64url_append(&b, claims);
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

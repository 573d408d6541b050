/* Signed tokens against OpenSSL's own verification. */
#include "source_rig.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "sources/signing.h"

static struct str private_pem(EVP_PKEY *key, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    struct str pem;
    long len;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &data);
    pem = arena_str(arena, (struct str){data, (size_t)len});
    BIO_free(bio);
    return pem;
}

static size_t from_base64url(struct str text, unsigned char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    size_t n = 0, len = 0;

    for (size_t i = 0; i < text.len; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, text.s[i]) - digits);
        n += 6;
        if (n >= 8) {
            n -= 8;
            to[len++] = (unsigned char)(bits >> n);
        }
    }
    return len;
}

static void test_jwt(void **state)
{
    EVP_PKEY *key = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[512];
    struct str jwt, signed_part, last;
    struct arena arena;
    struct error err = {0};
    size_t dot;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(sign_jwt_rs256(private_pem(key, &arena), STR("{\"alg\":\"RS256\"}"),
                                    STR("{\"iss\":\"a?b>\"}"), &arena,
                                    &jwt, &err), 0);
    assert_has(jwt, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhP2I-In0."); /* RFC 4648 section 5, no padding */
    dot = (size_t)(strrchr(jwt.s, '.') - jwt.s);
    signed_part = str_slice(jwt, 0, dot);
    last = str_slice(jwt, dot + 1, jwt.len);
    assert_int_equal(from_base64url(last, signature), 256);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, 256, (const unsigned char *)signed_part.s,
                                      signed_part.len), 1);

    assert_int_equal(sign_jwt_rs256(private_pem(small, &arena), STR("{}"), STR("{}"), &arena, &jwt, &err),
                     -EINVAL);
    assert_int_equal(sign_jwt_rs256(STR("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"),
                                    STR("{}"),
                                    STR("{}"), &arena, &jwt, &err), -EINVAL);
    assert_lacks(str_from(err.text), "secret");
    assert_int_equal(sign_jwt_rs256(STR(""), STR("{}"), STR("{}"), &arena, &jwt, &err), -EINVAL);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_free(small);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt),
    };

    return cmocka_run_group_tests_name("source_signing", tests, NULL, NULL);
}

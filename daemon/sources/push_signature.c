/* Checks signatures: pure, over OpenSSL's HMAC. What is compared is the MAC itself, not its text, so
 * that neither the case of hex digits nor base64's padding matters. Every signature of a header is
 * compared, whichever fits. */
#include "sources/push_signature.h"

#include <errno.h>

#include <openssl/crypto.h>

#include "mentiond/codec.h"
#include "mentiond/digest.h"

#define MAC_LEN 32 /* bytes of HMAC-SHA256 */
#define MAC_BASE64_LEN 44
#define ID_MAX 256
#define TIME_MAX 20
#define ARENA_MAX ((size_t)64 * 1024) /* what is decoded of headers and secret */
#define PREFIX "whsec_"

struct signature {
    struct str id;   /* Standard Webhooks only */
    struct str time; /* as sent: it is signed */
    unsigned char macs[PUSH_SIGNATURES_MAX][MAC_LEN];
    size_t n_macs;
};

/* ---- reading -------------------------------------------------------------------------------- */

static bool mac_from_hex(struct str hex, unsigned char mac[MAC_LEN])
{
    if (hex.len != (size_t)2 * MAC_LEN)
        return false;
    for (size_t i = 0; i < MAC_LEN; i++) {
        int high = hex_value(hex.s[2 * i]), low = hex_value(hex.s[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        mac[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static void add_hex(struct signature *s, struct str text)
{
    if (s->n_macs < PUSH_SIGNATURES_MAX && mac_from_hex(text, s->macs[s->n_macs]))
        s->n_macs++;
}

static void add_base64(struct signature *s, struct str text, struct arena *arena)
{
    struct str mac;

    if (s->n_macs == PUSH_SIGNATURES_MAX || text.len != MAC_BASE64_LEN || !base64_decode(text, arena, &mac) ||
        mac.len != MAC_LEN)
        return;
    memcpy(s->macs[s->n_macs++], mac.s, MAC_LEN);
}

/* "t=1700000000,v1=0a1b…,v1=…"; what is neither is left for later versions. */
static void read_own(struct str header, struct signature *ret)
{
    struct str rest = header, value;

    while (rest.len > 0) {
        struct str name = str_trim(str_split(str_split(rest, ',', &rest), '=', &value));

        value = str_trim(value);
        if (str_eq(name, STR("t")) && !ret->time.s)
            ret->time = value;
        else if (str_eq(name, STR("v1")))
            add_hex(ret, value);
    }
}

/* "v1,<base64> v1,<base64>" */
static void read_standard(const struct source_push *push, struct arena *arena, struct signature *ret)
{
    struct str rest = push->header(push->request, STR("webhook-signature")), value;

    ret->id = push->header(push->request, STR("webhook-id"));
    ret->time = push->header(push->request, STR("webhook-timestamp"));
    while (rest.len > 0) {
        struct str version = str_split(str_split(rest, ' ', &rest), ',', &value);

        if (str_eq(version, STR("v1")))
            add_base64(ret, value, arena);
    }
}

/* ---- checking ------------------------------------------------------------------------------- */

static struct str sign(const struct signature *s, struct str key, struct str body, struct arena *arena)
{
    struct buf text = BUF_INIT(body.len + ID_MAX + TIME_MAX + 2);
    struct str mac = {0};

    if (s->id.len) {
        buf_append_str(&text, s->id);
        buf_append_char(&text, '.');
    }
    buf_append_str(&text, s->time);
    buf_append_char(&text, '.');
    buf_append_str(&text, body);
    if (!text.failed)
        mac = digest_hmac_sha256(key, buf_str(&text), arena);
    buf_finish(&text);
    return mac;
}

static int check_time(const struct signature *s, int64_t now_ms, int64_t window_ms, struct error *err)
{
    int64_t seconds, apart_ms;

    if (!str_to_i64(s->time, 0, INT64_MAX / 2000, &seconds))
        return error_set(err, -EACCES, "the signature has no time in unix seconds");
    apart_ms = now_ms - seconds * 1000;
    if (apart_ms > window_ms || apart_ms < -window_ms)
        return error_set(err, -EACCES, "the signature's time is %lld s from ours",
                         (long long)(apart_ms < 0 ? -apart_ms : apart_ms) / 1000);
    return 0;
}

static int compare(const struct signature *s, struct str key, struct str body, struct arena *arena,
                   struct error *err)
{
    struct str mac = sign(s, key, body, arena);
    unsigned n_equal = 0;

    if (mac.len != MAC_LEN)
        return error_oom(err);
    for (size_t i = 0; i < s->n_macs; i++)
        n_equal += CRYPTO_memcmp(mac.s, s->macs[i], MAC_LEN) == 0;
    return n_equal ? 0 : error_set(err, -EACCES, "the signature does not fit the body");
}

static int check(const struct source_push *push, struct str secret, int64_t window_ms, struct arena *arena,
                 struct error *err)
{
    struct str own = push->header(push->request, STR("Mentiond-Signature")), key = secret;
    struct signature s = {0};
    int r;

    if (own.len)
        read_own(own, &s);
    else
        read_standard(push, arena, &s);
    if (s.n_macs == 0 || s.id.len > ID_MAX || s.time.len > TIME_MAX)
        return error_set(err, -EACCES, "no signature that can be read");
    r = check_time(&s, push->now_ms, window_ms, err);
    if (r < 0)
        return r;
    if (!own.len && str_starts_with(secret, STR(PREFIX)) &&
        !base64_decode(str_slice(secret, strlen(PREFIX), secret.len), arena, &key))
        return error_set(err, -EINVAL, "the secret begins with " PREFIX ", but is no base64 after it");
    r = compare(&s, key, push->body, arena, err);
    if (key.s != secret.s)
        OPENSSL_cleanse((void *)(uintptr_t)key.s, key.len);
    return r;
}

int push_signature_check(const struct source_push *push, struct str secret, int64_t window_ms,
                         struct error *err)
{
    struct arena arena;
    int r;

    arena_init(&arena, ARENA_MAX);
    r = check(push, secret, window_ms, &arena, err);
    arena_finish(&arena);
    return r;
}

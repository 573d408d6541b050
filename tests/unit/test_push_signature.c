/* Signatures of what is pushed: known answers of both dialects (made with Python's hmac), and all that
 * is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sources/push_signature.h"

#define NOW_MS INT64_C(1795282200000)
#define NOW "1795282200"
#define WINDOW_MS (5 * 60 * 1000)
#define SECRET "a secret that only we two know"
#define BODY "{\"id\":1,\"text\":\"acme\"}\n"
#define MAC "5ecd480a13894449434f89576dde332a65850af62fd9d111af8166373a5e33e5"
#define MAC_EARLY "643a206dd215c3ae9df4224459508aa78508df6f088911c4cb3f5a8374cfcdea"
#define MAC_LATE "93875ddd69006c1553de80bacc91be5c9ee13d811273f01b24b4a8526c118608"
#define STANDARD_SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define STANDARD_MAC "o4G1/BgVbOLx1rLLa9+aFF35FkGtkRc0Un3LqhxcLgc="

struct headers {
    const char *own, *id, *time, *signature;
};

static struct str find(const void *request, struct str name)
{
    const struct headers *h = request;

    if (str_eq(name, STR("Mentiond-Signature")))
        return str_from(h->own);
    if (str_eq(name, STR("webhook-id")))
        return str_from(h->id);
    return str_from(str_eq(name, STR("webhook-timestamp")) ? h->time : h->signature);
}

static int check(const struct headers *headers, const char *body, const char *secret)
{
    const struct source_push push = {str_from(body), headers, find, NOW_MS};
    struct error err = {0};
    int r = push_signature_check(&push, str_from(secret), WINDOW_MS, &err);

    assert_true(r == 0 || err.text[0]);
    assert_null(strstr(err.text, secret));
    return r;
}

static void test_own(void **state)
{
    static const struct {
        const char *header;
        int want;
    } cases[] = {
        {"t=" NOW ",v1=" MAC, 0},
        {" v1 = " MAC " , t = " NOW, 0},
        {"t=" NOW ",v1=00,v1=" MAC ",v9=x,,", 0},
        {"t=1795281900,v1=" MAC_EARLY, 0},
        {"t=1795281899,v1=" MAC_LATE, -EACCES},
        {"t=1795282201,v1=" MAC, -EACCES}, /* another time than was signed */
        {"v1=" MAC, -EACCES},
        {"t=,v1=" MAC, -EACCES},
        {"t=-1,v1=" MAC, -EACCES},
        {"t=99999999999999999999999,v1=" MAC, -EACCES},
        {"t=9223372036854775,v1=" MAC, -EACCES},
        {"t=1,t=" NOW ",v1=" MAC, -EACCES}, /* the first counts */
        {"t=" NOW, -EACCES},
        {"t=" NOW ",v1=" MAC "0", -EACCES},
        {"t=" NOW ",v1=zz", -EACCES},
        {"t=" NOW ",v0=" MAC, -EACCES},
        {",,,===,", -EACCES},
        {"", -EACCES},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct headers headers = {.own = cases[i].header};

        if (check(&headers, BODY, SECRET) != cases[i].want)
            fail_msg("'%s'", cases[i].header);
    }
    assert_int_equal(check(&(struct headers){.own = cases[0].header}, BODY " ", SECRET), -EACCES);
    assert_int_equal(check(&(struct headers){.own = cases[0].header}, "", SECRET), -EACCES);
    assert_int_equal(check(&(struct headers){.own = cases[0].header}, BODY, SECRET "!"), -EACCES);
}

static void test_standard(void **state)
{
    static const struct {
        struct headers headers;
        const char *secret;
        int want;
    } cases[] = {
        {{NULL, "msg_1", NOW, "v1," STANDARD_MAC}, STANDARD_SECRET, 0},
        {{NULL, "msg_1", NOW, "v1a,x v1,AAAA v1," STANDARD_MAC}, STANDARD_SECRET, 0},
        {{NULL, "msg_2", NOW, "v1," STANDARD_MAC}, STANDARD_SECRET, -EACCES},
        {{NULL, NULL, NOW, "v1," STANDARD_MAC}, STANDARD_SECRET, -EACCES},
        {{NULL, "msg_1", "1795282201", "v1," STANDARD_MAC}, STANDARD_SECRET, -EACCES},
        {{NULL, "msg_1", NULL, "v1," STANDARD_MAC}, STANDARD_SECRET, -EACCES},
        {{NULL, "msg_1", NOW, STANDARD_MAC}, STANDARD_SECRET, -EACCES},
        {{NULL, "msg_1", NOW, "v1," STANDARD_MAC}, "whsec_no base64", -EINVAL},
        {{NULL, "msg_1", NOW, "v1," STANDARD_MAC}, "whsec_=", -EINVAL},
        {{"t=" NOW, "msg_1", NOW, "v1," STANDARD_MAC}, STANDARD_SECRET, -EACCES}, /* ours comes first */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (check(&cases[i].headers, BODY, cases[i].secret) != cases[i].want)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_standard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

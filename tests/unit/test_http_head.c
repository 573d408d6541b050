/* Heads of HTTP requests that are understood and those that are refused, and addresses to listen on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/http_head.h"
#include "net/http_listen.h"

#define END "\r\n\r\n"

static void test_good(void **state)
{
    static const struct {
        const char *text, *method, *path, *query;
        int64_t length;
    } cases[] = {
        {"GET / HTTP/1.1" END, "GET", "/", "", -1},
        {"GET /a/b?c=d&e=%00 HTTP/1.0\r\nHost: h" END, "GET", "/a/b", "c=d&e=%00", -1},
        {"POST /%61%2Fb HTTP/1.1\r\nContent-Length: 12" END, "POST", "/a/b", "", 12},
        {"POST /x HTTP/1.1\r\ncontent-length:0" END, "POST", "/x", "", 0},
        {"GET /%c3%a9 HTTP/1.1\r\nX:  a b \t" END, "GET", "/\xc3\xa9", "", -1},
        {"GET /healthz?? HTTP/1.1\r\nEmpty:" END, "GET", "/healthz", "?", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head head;
        const char *why = NULL;
        int status = http_head_parse(str_from(cases[i].text), &head, &why);

        if (status != 0)
            fail_msg("%s: %d %s", cases[i].text, status, why);
        assert_true(str_eq(head.method, str_from(cases[i].method)));
        assert_true(str_eq(http_head_path(&head), str_from(cases[i].path)));
        assert_true(str_eq(head.query, str_from(cases[i].query)));
        assert_int_equal(head.content_length, cases[i].length);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"", 400},
        {END, 400},
        {"GET" END, 400},
        {"GET /" END, 400},
        {"GET / HTTP/2" END, 505},
        {"GET / HTTP/1.1 x" END, 505},
        {"GET  / HTTP/1.1" END, 400},
        {"G(T / HTTP/1.1" END, 400},
        {"GET x HTTP/1.1" END, 400},
        {"GET http://h/ HTTP/1.1" END, 400},
        {"GET /%0 HTTP/1.1" END, 400},
        {"GET /%zz HTTP/1.1" END, 400},
        {"GET /a%00b HTTP/1.1" END, 400},
        {"GET /a%0d%0ab HTTP/1.1" END, 400},
        {"GET /a\tb HTTP/1.1" END, 400},
        {"GET / HTTP/1.1\nHost: h" END, 400},
        {"GET / HTTP/1.1\r\nHost" END, 400},
        {"GET / HTTP/1.1\r\nHost : h" END, 400},
        {"GET / HTTP/1.1\r\n: h" END, 400},
        {"GET / HTTP/1.1\r\nA: b\r\n c" END, 400},
        {"GET / HTTP/1.1\r\nA: b\rc" END, 400},
        {"GET / HTTP/1.1\r\nA: b\x01" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length: +1" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1, 1" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length:" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999" END, 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked" END, 400},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked" END, 411},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head head;
        const char *why = NULL;
        int status = http_head_parse(str_from(cases[i].text), &head, &why);

        if (status != cases[i].status || !why)
            fail_msg("%s: %d, not %d", cases[i].text, status, cases[i].status);
    }
}

static void test_fields(void **state)
{
    struct http_head head;
    const char *why;

    (void)state;
    assert_int_equal(
        http_head_parse(STR("PUT /x HTTP/1.1\r\nExpect: 100-Continue\r\nA: 1\r\na: 2" END), &head, &why), 0);
    assert_true(head.expects_continue);
    assert_true(str_eq(http_head_field(&head, STR("a")), STR("1")));
    assert_null(http_head_field(&head, STR("b")).s);
}

static void test_listen(void **state)
{
    static const struct {
        const char *text, *shown; /* NULL: refused */
    } cases[] = {
        {"8377", "127.0.0.1:8377"},
        {"0", "127.0.0.1:0"},
        {"localhost:80", "127.0.0.1:80"},
        {"0.0.0.0:1", "0.0.0.0:1"},
        {"[::1]:8377", "[::1]:8377"},
        {"[::]:0", "[::]:0"},
        {"10.0.0.1:0", "10.0.0.1:0"},
        {"unix:/run/x", "unix:/run/x"},
        {"", NULL},
        {"65536", NULL},
        {"-1", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"::1", NULL},
        {"[::1]", NULL},
        {"host:80", NULL},
        {"unix:", NULL},
        {"1.2.3.4:x", NULL},
        {":80", NULL},
        {"127.0.0.1:99999", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char shown[HTTP_LISTEN_TEXT_MAX];
        struct http_listen where;
        int r = http_listen_parse(str_from(cases[i].text), &where, NULL);

        if ((r == 0) != (cases[i].shown != NULL))
            fail_msg("'%s': %d", cases[i].text, r);
        if (r < 0)
            continue;
        http_listen_format(&where, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

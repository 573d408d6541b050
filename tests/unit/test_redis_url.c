/* Redis URLs: what each part becomes, what is refused, and that no error shows a password. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/redis_url.h"

static void assert_text(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

static void test_good(void **state)
{
    static const struct {
        const char *url, *host, *port, *path, *username, *password;
        int db;
        bool is_tls;
        const char *name;
    } cases[] = {
        {"redis://h", "h", "6379", NULL, NULL, NULL, 0, false, "redis://h:6379"},
        {"redis://h/", "h", "6379", NULL, NULL, NULL, 0, false, "redis://h:6379"},
        {"redis://127.0.0.1:7000/5", "127.0.0.1", "7000", NULL, NULL, NULL, 5, false,
         "redis://127.0.0.1:7000/5"},
        {"redis://:pw@h", "h", "6379", NULL, NULL, "pw", 0, false, "redis://h:6379"},
        {"redis://bob@h", "h", "6379", NULL, "bob", NULL, 0, false, "redis://h:6379"},
        {"rediss://bob:p%40%3a%2Fw@h:1", "h", "1", NULL, "bob", "p@:/w", 0, true, "rediss://h:1"},
        {"redis://b:p@w@h", "h", "6379", NULL, "b", "p@w", 0, false, "redis://h:6379"},
        {"redis://b:p:w@h", "h", "6379", NULL, "b", "p:w", 0, false, "redis://h:6379"},
        {"redis://[::1]:7/2", "::1", "7", NULL, NULL, NULL, 2, false, "redis://[::1]:7/2"},
        {"redis://[fe80::1]", "fe80::1", "6379", NULL, NULL, NULL, 0, false,
         "redis://[fe80::1]:6379"},
        {"unix:///run/r.sock", NULL, NULL, "/run/r.sock", NULL, NULL, 0, false,
         "unix:///run/r.sock"},
        {"unix:///a%20b%3f?db=7", NULL, NULL, "/a b?", NULL, NULL, 7, false, "unix:///a b??db=7"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_address a;
        struct error err = {0};

        if (redis_address_parse(str_from(cases[i].url), &a, &err) < 0)
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_text(a.host, cases[i].host);
        assert_text(a.port, cases[i].port);
        assert_text(a.path, cases[i].path);
        assert_text(a.username, cases[i].username);
        assert_text(a.password, cases[i].password);
        assert_text(a.name, cases[i].name);
        assert_int_equal(a.db, cases[i].db);
        assert_int_equal(a.is_tls, cases[i].is_tls);
        redis_address_finish(&a);
    }
}

static void test_bad(void **state)
{
    static const char *const cases[] = {
        "",
        "hunter2",
        "http://h",
        "REDIS://h",
        "redis://",
        "redis:///3",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:x",
        "redis://h:+1",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/1/2",
        "redis://h?db=1",
        "redis://h/99999999",
        "redis://a b",
        "redis://h\n",
        "redis://u:hunter2/x@h",
        "redis://u:hunter2%@h",
        "redis://u:hunter2%4@h",
        "redis://u:hunter2%00@h",
        "redis://u:hunter2%zz@h",
        "redis://[::1",
        "redis://[::1]x",
        "redis://[]",
        "redis://u:hunter2@",
        "redis://u:hunter2@:1",
        "unix://",
        "unix:///",
        "unix://a/b",
        "unix:///a?x=1",
        "unix:///a?db=",
        "unix:///a?db=hunter2",
        "redis://::1",
        "redis://ho\xc3\xb6st",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_address a;
        struct error err = {0};

        if (redis_address_parse(str_from(cases[i]), &a, &err) != -EINVAL)
            fail_msg("'%s' was accepted", cases[i]);
        assert_null(strstr(err.text, "hunter2"));
        assert_int_equal(strncmp(err.text, "redis URL: ", 11), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

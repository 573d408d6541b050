/* json: the repair of pages, parsing onto arenas, reading of odd values. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "mentiond/json.h"

#define FFFD "\xEF\xBF\xBD"

static void test_repair(void **state)
{
    static const struct {
        const char *text, *want;
        struct json_faults faults;
    } cases[] = {
        {"{\"a\":\"plain\",\"b\":[1,-2.5,true,null]}", "{\"a\":\"plain\",\"b\":[1,-2.5,true,null]}", {0}},
        {"[\"\\ud83d\\ude00 \\u0041\"]", "[\"\\ud83d\\ude00 \\u0041\"]", {0}},
        {"[\"\\ud83d\"]", "[\"" FFFD "\"]", {.surrogates = 1}},
        {"[\"\\ud83dx\\ude00\"]", "[\"" FFFD "x" FFFD "\"]", {.surrogates = 2}},
        {"[\"\\ud83d\\ud83d\\ude00\"]", "[\"" FFFD "\\ud83d\\ude00\"]", {.surrogates = 1}},
        {"[\"\\\\ud83d\"]", "[\"\\\\ud83d\"]", {0}}, /* an escaped backslash, then letters */
        {"[\"a\\u0000b\"]", "[\"a" FFFD "b\"]", {.nuls = 1}},
        {"[\"caf\xE9\"]", "[\"caf" FFFD "\"]", {.bad_utf8 = 1}},
        {"[\"\xED\xA0\x80\"]", "[\"" FFFD FFFD FFFD "\"]", {.bad_utf8 = 3}},
        {"[\"\xF0\x9F\x98\"]", "[\"" FFFD "\"]", {.bad_utf8 = 1}},
        {"[\"\xC0\xAF\xF0\x9F\x98\x80\"]", "[\"" FFFD FFFD "\xF0\x9F\x98\x80\"]", {.bad_utf8 = 2}},
        {"[\"two\nlines\tand a bell\a\"]", "[\"two\\u000alines\\u0009and a bell\\u0007\"]",
         {.controls = 3}},
        {"[1e999,-1e999]", "[\"1e999\",\"-1e999\"]", {.numbers = 2}},
        {"[1234567890123456789012345]", "[\"1234567890123456789012345\"]", {.numbers = 1}},
        {"[9223372036854775807,9223372036854775808]", "[9223372036854775807,\"9223372036854775808\"]",
         {.numbers = 1}},
        {"[\"1e999\", 1e300, 12345678901234567890.5]", "[\"1e999\", 1e300, 12345678901234567890.5]", {0}},
        {"\xEF\xBB\xBF[1]", "[1]", {0}},
        {"[\"unfinished \\", "[\"unfinished \\", {0}},
        {"", "", {0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF_INIT(1000);
        struct json_faults faults = {0};

        assert_int_equal(json_repair(str_from(cases[i].text), &out, &faults), 0);
        assert_int_equal(buf_str(&out).len, strlen(cases[i].want));
        assert_memory_equal(buf_str(&out).s, cases[i].want, strlen(cases[i].want));
        assert_memory_equal(&faults, &cases[i].faults, sizeof(faults));
        buf_finish(&out);
    }
}

/* A fault at each distance from the start of an 8-byte step is found. */
static void test_repair_finds_at_every_offset(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        char text[80];
        struct buf out = BUF_INIT(1000);
        struct json_faults faults = {0};
        int len = snprintf(text, sizeof(text), "[\"%.*s\xFFrest of it\"]", (int)n,
                           "0123456789012345678901234567890123456789");

        assert_int_equal(json_repair((struct str){text, (size_t)len}, &out, &faults), 0);
        assert_int_equal(faults.bad_utf8, 1);
        assert_int_equal(out.len, (size_t)len + 2);
        buf_finish(&out);
    }
}

static void test_parse_refuses_with_reason(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "empty body"},
        {" \n", "empty body"},
        {"<html><body>503</body></html>", "HTML instead of JSON"},
        {"\n <!doctype html>", "HTML instead of JSON"},
        {"{\"a\":", "line 1"},
        {"[1,\n2,\n}", "line 3"},
    };
    char deep[2 * JSON_DEPTH_MAX + 3];
    json_t *value = NULL;
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(json_page_parse(str_from(cases[i].text), NULL, &value, &err), -EBADMSG);
        assert_non_null(strstr(err.text, cases[i].want));
        assert_null(value);
    }
    for (size_t n = JSON_DEPTH_MAX; n <= JSON_DEPTH_MAX + 1; n++) {
        memset(deep, '[', n);
        memset(deep + n, ']', n);
        assert_int_equal(json_page_parse((struct str){deep, 2 * n}, NULL, &value, &err),
                         n == JSON_DEPTH_MAX ? 0 : -EBADMSG);
    }
    assert_non_null(strstr(err.text, "nested"));
    json_decref(value);
}

static void test_parse_on_arena(void **state)
{
    struct arena arena, *before;
    json_t *value = NULL, *other = NULL;
    struct error err;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    before = json_use_arena(&arena);
    assert_null(before);
    assert_int_equal(json_page_parse(STR("{\"posts\":[{\"text\":\"a\"},{\"text\":\"\\ud800\"}]}"), NULL,
                                     &value, &err), 0);
    assert_true(arena_owns(&arena, value));
    json_decref(value); /* allowed, frees nothing */
    assert_ptr_equal(json_use_arena(before), &arena);

    assert_int_equal(json_page_parse(STR("[1]"), NULL, &other, &err), 0);
    assert_false(arena_owns(&arena, other));
    json_decref(other); /* the leak checker sees whether this was malloc's */
    arena_finish(&arena);
}

/* The arena refuses at every size in turn: an error each time, never a crash or a leak. */
static void test_parse_on_full_arena(void **state)
{
    static const char text[] =
        "{\"a\":[1,2.5,\"text\",{\"b\":\"a longer text, so that buffers grow twice, or even more often\"}]}";
    bool done = false;

    (void)state;
    for (size_t max = 0; !done; max += 16) {
        struct arena arena;
        struct error err;
        json_t *value = NULL;
        int code;

        arena_init(&arena, max);
        json_use_arena(&arena);
        code = json_page_parse(str_from(text), NULL, &value, &err);
        json_use_arena(NULL);
        assert_true(code == 0 || code == -ENOMEM);
        assert_true(arena.used <= arena.max);
        assert_int_equal(arena.max, max);
        done = code == 0;
        arena_finish(&arena);
        assert_true(max < 1024 * 1024);
    }
}

static void test_reading_without_surprises(void **state)
{
    json_t *value = NULL;

    (void)state;
    assert_int_equal(json_page_parse(STR("{\"n\":\"123456789012345678\",\"r\":2.9,\"t\":\"x\",\"z\":null,"
                                         "\"big\":1e300,\"b\":true,\"o\":{\"p\":{\"q\":7}},\"l\":[1]}"),
                                     NULL, &value, NULL), 0);
    assert_int_equal(json_get_i64(value, "n", -1), 123456789012345678);
    assert_int_equal(json_get_i64(value, "r", -1), 2);
    assert_int_equal(json_get_i64(value, "big", -1), -1);
    assert_int_equal(json_get_i64(value, "t", -1), -1);
    assert_int_equal(json_get_i64(value, "absent", -7), -7);
    assert_null(json_get(value, "z"));
    assert_int_equal(json_get_text(value, "n").len, 18);
    assert_int_equal(json_get_text(value, "l").len, 0);
    assert_int_equal(json_get_text(NULL, "l").len, 0);
    assert_true(json_get_bool(value, "b"));
    assert_false(json_get_bool(value, "t"));
    assert_int_equal(json_to_i64(json_path(value, "o.p.q"), 0), 7);
    assert_null(json_path(value, "o.p.q.r"));
    assert_null(json_path(value, "l.p"));
    assert_null(json_path(value, "z"));
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_repair_finds_at_every_offset),
        cmocka_unit_test(test_parse_refuses_with_reason),
        cmocka_unit_test(test_parse_on_arena),
        cmocka_unit_test(test_parse_on_full_arena),
        cmocka_unit_test(test_reading_without_surprises),
    };

    json_init();
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}

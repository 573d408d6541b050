/* codec: base64 against RFC 4648's examples and what is none, hexadecimal digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mentiond/codec.h"

static void assert_text(struct str got, struct str want)
{
    if (!str_eq(got, want))
        fail_msg("got '%.*s', wanted '%.*s'", STR_FMT(got), STR_FMT(want));
}

static void test_base64(void **state)
{
    static const struct {
        struct str bytes, text, for_urls;
    } cases[] = {
        {STR(""), STR(""), STR("")},
        {STR("f"), STR("Zg=="), STR("Zg")},
        {STR("fo"), STR("Zm8="), STR("Zm8")},
        {STR("foo"), STR("Zm9v"), STR("Zm9v")},
        {STR("foob"), STR("Zm9vYg=="), STR("Zm9vYg")},
        {STR("\xff\xfe\xfd\0"), STR("//79AA=="), STR("__79AA")},
        {STR("a?b>"), STR("YT9iPg=="), STR("YT9iPg")},
        {STR("\xfb\xff"), STR("+/8="), STR("-_8")},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(64);
        struct str back = STR("");

        assert_text(base64_encode(cases[i].bytes, &arena), cases[i].text);
        base64url_append(&b, cases[i].bytes);
        assert_text(buf_str(&b), cases[i].for_urls);
        assert_int_equal(base64_decode(cases[i].text, &arena, &back), cases[i].bytes.len > 0);
        assert_text(back, cases[i].bytes);
        assert_text(base64_decode_loose(cases[i].text, &arena), cases[i].bytes);
        buf_finish(&b);
    }
    arena_finish(&arena);
}

static void test_what_is_no_base64(void **state)
{
    static const char *const wrong[] = {
        "", "a", "abc", "ab!d", "abcde", "====", "=abc", "ab=c", "ab==ab==", "Zm9\n", "\xff\xff\xff\xff",
    };
    struct arena arena;
    struct str bytes = STR("before");

    (void)state;
    arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(base64_decode(str_from(wrong[i]), &arena, &bytes));
    assert_text(bytes, STR("before"));
    assert_text(base64_decode_loose(STR(" Zm9v\r\nYm*Fy"), &arena), STR("foobar"));
    assert_text(base64_decode_loose(STR("Zm9vY"), &arena), STR("foo"));
    arena_finish(&arena);
}

static void test_hex(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 64 * 1024);
    assert_text(hex_encode(STR("\0\x7f\xab\xff"), &arena), STR("007fabff"));
    assert_text(hex_encode(STR(""), &arena), STR(""));
    for (int c = -128; c < 128; c++) {
        const char *at = c > 0 ? strchr("0123456789abcdefABCDEF", c) : NULL;
        int want = !at ? -1 : c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

        assert_int_equal(hex_value((char)c), want);
    }
    arena_finish(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_what_is_no_base64),
        cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What strangers' words lose on their way to a receiver. */
#include "alert_rig.h"
#include "alerts/text.h"

static struct arena arena;

static int make_arena(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static void check(struct str got, const char *want)
{
    if (!str_eq(got, str_from(want)))
        fail_msg("got '%.*s', wanted '%s'", STR_FMT(got), want);
}

static void test_cleaning(void **state)
{
    static const struct {
        const char *text, *want;
        bool lines;
    } cases[] = {
        {"plain", "plain", false},
        {"a\x1b[31mred\x07", "a[31mred", false},
        {"one\ntwo\r\n", "one two  ", false},
        {"one\ntwo", "one\ntwo", true},
        {"\u202egnp.exe\u202c \u2066x\u2069\u200f", "gnp.exe x", false},
        {"zero\u200bwidth\ufeff \u00adsoft", "zerowidth soft", false},
        {"family \U0001F468\u200d\U0001F469", "family \U0001F468\u200d\U0001F469", false},
        {"\xf3\xa0\x81\x81tag", "tag", false},
        {"bad \xff\xc3(", "bad \ufffd\ufffd(", false},
        {"cut \xf0\x9f\x94", "cut \ufffd\ufffd\ufffd", false},
        {"\xed\xa0\x80", "\ufffd\ufffd\ufffd", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(alert_clean(str_from(cases[i].text), cases[i].lines, &arena), cases[i].want);
    check(alert_clean((struct str){"a\0b", 3}, false, &arena), "ab");
}

static void test_cutting(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        enum alert_unit unit;
        const char *want;
    } cases[] = {
        {"short", 5, ALERT_CHARACTERS, "short"},
        {"a long text here", 12, ALERT_CHARACTERS, "a lo \u2026 (cut)"},
        {"\U0001F525\U0001F525\U0001F525\U0001F525\U0001F525\U0001F525", 11, ALERT_UTF16, "\U0001F525 \u2026 (cut)"},
        {"\U0001F525\U0001F525\U0001F525\U0001F525", 15, ALERT_BYTES, "\U0001F525 \u2026 (cut)"},
        {"\U0001F525\U0001F525\U0001F525", 5, ALERT_BYTES, "\U0001F525"},
        {"abc", 0, ALERT_BYTES, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = alert_cut(str_from(cases[i].text), cases[i].max, cases[i].unit, &arena);

        check(got, cases[i].want);
        assert_true(alert_length(got, cases[i].unit) <= cases[i].max);
    }
}

static void test_escapes(void **state)
{
    (void)state;
    check(alert_escape_html(STR("<!channel> & \"x\" @all"), &arena),
          "&lt;!channel&gt; &amp; \"x\" @\u200ball");
    check(alert_escape_markdown(STR("[x](http://e) @here *b*"), &arena),
          "\\[x\\]\\(http:\u200b//e\\) @\u200bhere \\*b\\*");
    check(alert_defuse(STR("@everyone see https://e"), &arena), "@\u200beveryone see https:\u200b//e");
    check(alert_defuse_relayed(STR("<!here> [x](y) @all"), &arena), "<\u200b!here> [x]\u200b(y) @\u200ball");
}

static void test_fitting(void **state)
{
    static const char text[] = "plain words, then <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<";

    (void)state;
    check(alert_fit(STR("a*b"), 4, ALERT_CHARACTERS, alert_escape_markdown, &arena), "a\\*b");
    check(alert_fit(STR("short"), 5, ALERT_BYTES, alert_defuse, &arena), "short");
    for (size_t max = 0; max < 160; max++) {
        struct str got = alert_fit(str_from(text), max, ALERT_BYTES, alert_escape_html, &arena);

        assert_true(got.len <= max);
        assert_true(max < 20 || got.len > 0);
    }
}

static void test_addresses(void **state)
{
    static const char *const refused[] = {
        "", "javascript:alert(1)", "ftp://h/x", "https://h/a b", "https://h/a|b", "https://h/a>b", "https://h/a)b",
        "https://h/\u202e", "https://h/\n", "https://h/a\"b",
    };

    (void)state;
    check(alert_safe_url(STR("https://h/@jo/1?a=b&c#d")), "https://h/@jo/1?a=b&c#d");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        check(alert_safe_url(str_from(refused[i])), "");
}

static void test_names_for_machines(void **state)
{
    static const char *const odd[] = {"",       "a b",    "a.b", "@everyone",
                                      "a\r\nb", "\u00e9", "<x>", "0123456789/x"};

    (void)state;
    check(alert_plain_key(STR("acme/outage/o-1_2"), 100, &arena), "acme/outage/o-1_2");
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        assert_int_equal(alert_plain_key(str_from(odd[i]), 11, &arena).len, 64);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cleaning),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_fitting),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names_for_machines),
    };

    return cmocka_run_group_tests(tests, make_arena, free_arena);
}

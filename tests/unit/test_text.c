/* Terminals, widths, UTF-8 and languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mentiond/text.h"

static const struct {
    const char *text, *want;
    size_t width;
} shown[] = {
    {"plain", "plain", 5},
    {"\x1B[31mred\x1B[0m", "\\x1b[31mred\\x1b[0m", 18},
    {"a\nb\tc", "a b c", 5},
    {"bell\x07", "bell\\x07", 8},
    {"csi \xC2\x9B", "csi \\x9b", 8},
    {"bidi \xE2\x80\xAE", "bidi \xEF\xBF\xBD", 6},
    {"bad \xFF", "bad \xEF\xBF\xBD", 5},
    {"\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC", 4},
    {"e\xCC\x81", "e\xCC\x81", 1},
};

static void test_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        struct buf out = BUF_INIT(100);
        assert_true(text_for_terminal(str_from(shown[i].text), &out));
        assert_string_equal(out.data, shown[i].want);
        assert_int_equal(text_width(buf_str(&out)), shown[i].width);
        buf_finish(&out);
    }
}

static const struct {
    const char *text;
    bool good;
} encodings[] = {
    {"", true},
    {"ascii", true},
    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x91\x8D", true},
    {"\xC0\x80", false},
    {"\xE0\x80\xAF", false},
    {"\xED\xA0\x80", false},
    {"\xF4\x90\x80\x80", false},
    {"cut \xE2\x82", false},
    {"\x80", false},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
        assert_int_equal(text_is_utf8(str_from(encodings[i].text)), encodings[i].good);
}

static const struct {
    const char *text, *tag;
} spoken[] = {
    {"why is the app still not working for me", "en"},
    {"the internet in our street has been down since noon", "en"},
    {"la aplicaci\xC3\xB3n no funciona desde ayer y nadie me contesta", "es"},
    {"warum geht das Internet schon wieder nicht", "de"},
    {"je ne peux pas me connecter depuis ce matin, c'est long", "fr"},
    {"n\xC3\xA3o consigo entrar no aplicativo e ningu\xC3\xA9m me responde", "pt"},
    {"non riesco ad entrare, il sito non va da ieri e nessuno mi risponde", "it"},
    {"ik kan niet inloggen en de website is weer niet bereikbaar", "nl"},
    {"\xE3\x82\xA2\xE3\x83\x97\xE3\x83\xAA\xE3\x81\x8C\xE4\xBD\xBF\xE3\x81\x88\xE3\x81\xAA\xE3\x81\x84",
     "ja"},
    {"\xD0\xBD\xD0\xB5 \xD1\x80\xD0\xB0\xD0\xB1\xD0\xBE\xD1\x82\xD0\xB0\xD0\xB5\xD1\x82", "ru"},
    {"lol", "und"},
    {"", "und"},
    {"@the @and https://the.is.example/are/you", "und"},
    {"\xFF\xFF\xFF", "und"},
};

static void test_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spoken); i++) {
        struct str tag = text_language(str_from(spoken[i].text));
        if (!str_eq(tag, str_from(spoken[i].tag)))
            fail_msg("\"%s\": %.*s, not %s", spoken[i].text, STR_FMT(tag), spoken[i].tag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

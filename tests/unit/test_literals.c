/* What the extractor says about regexes, and that folding agrees with PCRE2 over all of Unicode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "mentiond/buf.h"
#include "rules/literals.h"
#include "rules/rarity.h"
#include "rules/regex.h"

static struct fold fold;

/* ---- the extractor -------------------------------------------------------------------------- */

/* What is known, as text: sets sorted by how rare they are, literals in the order of the regex. */
static const struct {
    const char *regex, *known;
} cases[] = {
    {"down", "{down}"},
    {"DOWN", "{down}"},
    {"\\bdown\\b", "{down}"},
    {"(?:log|sign) ?in", "{log in|login|sign in|signin}"},
    {"(?:can(?:no|')?t|unable to) log", "{cannot log|can't log|cant log|unable to log}"},
    {"down.*again", "{down} {again}"},
    {"(down|out)?again", "{downagain|outagain|again}"},
    {"(down)*again", "{again}"},
    {"(down)+again", "{downagain} {down}"},
    {"(down){2}", "{downdown}"},
    {"(down){0}again", "{again}"},
    {"[ck]afe", "{cafe|kafe}"},
    {"[^c]afe", "{afe}"},
    {"caf\\x{c9}", "{caf\u00E9}"},
    {"\u212Ailo", "{ilo}"},
    {"(?=.*down)site", "{down} {site}"},
    {"site(?= down)", "{site down}"},
    {"(?<=not )working", "{working} {not }"},
    {"(?<!not )working", "{working}"},
    {"(?!down)site", "{site}"},
    {"(?x) a b c d # e", "{abcd}"},
    {"(?x:a b) c d", "{ab c d}"},
    {"\\Qa.b*\\E+c", "{a.b*} {*c}"},
    {"(?#down)site", "{site}"},
    {"(?i)site|down(?-i)", "{site|down}"},
    {"site|.*", ""},
    {"site|", ""},
    {"\\w+", ""},
    {"a+", ""},
    {"#\\d+", "{#}"},
    {"(?<n>down)\\k<n>", "{down}"},
    {"(down)(?1)", "{down}"},
    {"a(*ACCEPT)bcd", "?"},
    {"a(?(?=b)bc|d)efgh", "?"},
    {"\\141bcd", "?"},
    {"down(?C1)", "?"},
    {"[[:<:]]down", "?"},
    {"down{2}{3}", "?"},
};

static void put_known(const struct literals *literals, struct buf *out)
{
    if (!literals->understood)
        buf_append_char(out, '?');
    for (size_t i = 0; i < literals->n_sets; i++) {
        buf_append_str(out, i > 0 ? STR(" {") : STR("{"));
        for (size_t k = 0; k < literals->sets[i].n; k++) {
            if (k > 0)
                buf_append_char(out, '|');
            buf_append_str(out, literals->sets[i].items[k]);
        }
        buf_append_char(out, '}');
    }
    buf_append_char(out, '\0');
}

static void test_extracts(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_finish) struct buf known = BUF_INIT(4096);
        struct literals literals;
        struct arena arena;
        arena_init(&arena, 1 << 20);
        assert_int_equal(literals_extract(str_from(cases[i].regex), &fold, &arena, &literals), 0);
        put_known(&literals, &known);
        if (strcmp(buf_str(&known).s, cases[i].known) != 0)
            fail_msg("%s: %s, not %s", cases[i].regex, buf_str(&known).s, cases[i].known);
        arena_finish(&arena);
    }
}

/* A phrase minds the case of its text, which is lower case: folding is not asked for, and (?i) is
 * not known. */
static void test_without_folding(void **unused)
{
    struct literals literals;
    struct arena arena;

    (void)unused;
    arena_init(&arena, 1 << 20);
    assert_int_equal(literals_extract(STR(" \u01C5own(?= )"), NULL, &arena, &literals), 0);
    assert_int_equal(literals.n_sets, 1);
    assert_true(str_eq(literals.sets[0].items[0], STR(" \u01C5own ")));
    assert_int_equal(literals_extract(STR("(?i)down"), NULL, &arena, &literals), 0);
    assert_false(literals.understood);
    arena_finish(&arena);
}

static void test_whole_literals(void **unused)
{
    struct arena arena;

    (void)unused;
    arena_init(&arena, 1 << 20);
    assert_true(str_eq(literals_whole(STR(" is down(?= )"), &arena), STR(" is down ")));
    assert_true(str_eq(literals_whole(STR(" \\$ 5(?= )"), &arena), STR(" $ 5 ")));
    assert_int_equal(literals_whole(STR(" is down"), &arena).len, 0);
    assert_int_equal(literals_whole(STR(" crash[^ \\n]*(?= )"), &arena).len, 0);
    assert_int_equal(literals_whole(STR(" \\d(?= )"), &arena).len, 0);
    assert_int_equal(literals_whole(STR("(?= )"), &arena).len, 0);
    arena_finish(&arena);
}

/* ---- folding -------------------------------------------------------------------------------- */

static size_t encode(uint32_t c, char *out)
{
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(c | (len == 1 ? 0 : 0xF00u >> len));
    return len;
}

static uint32_t decode(const char *s)
{
    unsigned char lead = (unsigned char)s[0];
    unsigned tail = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t c = tail == 0 ? lead : lead & (0x3Fu >> tail);

    for (unsigned i = 1; i <= tail; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3F);
    return c;
}

/* Every character of Unicode, one after the other. */
static struct str all_characters(char *out)
{
    size_t len = 0;

    for (uint32_t c = 1; c < 0x110000; c++)
        if (c < 0xD800 || c > 0xDFFF)
            len += encode(c, out + len);
    return (struct str){out, len};
}

/* All that PCRE2 finds for a character without regard to case is folded to the same. */
static void check_character(uint32_t c, struct str all, struct regex_scratch *scratch)
{
    const size_t *spans;
    struct regex *regex;
    char source[16];
    size_t at;

    snprintf(source, sizeof(source), "\\x{%x}", c);
    assert_int_equal(regex_create(str_from(source), REGEX_CASELESS, &regex, &at, NULL), 0);
    for (at = 0; regex_find(regex, scratch, all, at, &spans) == REGEX_HIT; at = spans[1]) {
        uint32_t equal = decode(all.s + spans[0]);
        if (fold_char(&fold, equal) != fold_char(&fold, c))
            fail_msg("U+%04X and U+%04X are equal, but folded apart", c, equal);
    }
    regex_destroy(regex);
}

static void test_folding_joins_what_pcre_joins(void **unused)
{
    char *bytes = malloc(5 << 20);
    struct str all = all_characters(bytes);
    struct regex_scratch *scratch;

    (void)unused;
    assert_int_equal(regex_scratch_create(&scratch, NULL), 0);
    for (uint32_t c = 1; c < 0x600; c++)
        if (fold_knows(c))
            check_character(c, all, scratch);
    regex_scratch_destroy(scratch);
    free(bytes);
}

/* And the characters of the scripts without case, which are too many to try one by one, are in none
 * of PCRE2's pairs: everything with another case is found by asking for what differs from a
 * character only by it. */
static void test_scripts_without_case_have_none(void **unused)
{
    struct regex_scratch *scratch;
    const size_t *spans;
    struct regex *regex;
    char pair[8];
    size_t at;

    (void)unused;
    assert_int_equal(regex_scratch_create(&scratch, NULL), 0);
    assert_int_equal(regex_create(STR("\\p{L&}|\\p{Nl}"), REGEX_CASELESS, &regex, &at, NULL), 0);
    for (uint32_t c = 0x600; c < 0x110000; c++) {
        if ((c >= 0xD800 && c <= 0xDFFF) || !fold_knows(c))
            continue;
        struct str text = {pair, encode(c, pair)};
        if (regex_find(regex, scratch, text, 0, &spans) == REGEX_HIT)
            fail_msg("U+%04X has a case", c);
    }
    regex_destroy(regex);
    regex_scratch_destroy(scratch);
}

static void test_folding_texts(void **unused)
{
    static const struct {
        const char *text, *folded;
    } texts[] = {
        {"", ""},
        {"Is DOWN @ [Z]`{", "is down @ [z]`{"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"},
        {"\u00C4\u00D6\u00DC", "\u00E4\u00F6\u00FC"},
        {"A\u212A\u017FZ", "aksz"},
        {"\u041D\u0415 X", "\u043D\u0435 x"},
        {"\u6F22\U0001F621A", "\u6F22\U0001F621a"},
    };
    char out[64 + FOLD_SLACK];

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t len = fold_text(&fold, str_from(texts[i].text), out);
        if (!str_eq((struct str){out, len}, str_from(texts[i].folded)))
            fail_msg("%s: %.*s", texts[i].text, (int)len, out);
    }
}

/* ---- rarity --------------------------------------------------------------------------------- */

static void test_windows_follow_traffic(void **unused)
{
    (void)unused;
    rarity_forget();
    assert_int_equal(rarity_best_windows(STR("the zqxjq")), 4);
    for (int i = 0; i < 1000; i++)
        rarity_learn(STR("zqxjq zqxjq zqxjq zqxjq"));
    assert_int_not_equal(rarity_best_windows(STR("the zqxjq")), 4);
    rarity_forget();
    assert_int_equal(rarity_best_windows(STR("the zqxjq")), 4);
}

static int setup(void **unused)
{
    (void)unused;
    fold_init(&fold);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extracts),
        cmocka_unit_test(test_without_folding),
        cmocka_unit_test(test_whole_literals),
        cmocka_unit_test(test_folding_joins_what_pcre_joins),
        cmocka_unit_test(test_scripts_without_case_have_none),
        cmocka_unit_test(test_folding_texts),
        cmocka_unit_test(test_windows_follow_traffic),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}

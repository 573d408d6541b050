/* The fast engine finds what the reference engine finds: on chosen cases, and on a million random
 * pairs of patterns and texts. MATCHER_SEED and MATCHER_ROUNDS (of 10,000 pairs) make it another
 * million, or more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "matcher_support.h"
#include "rules/matcher_fast_filter.h"

#define ROUNDS 110
#define ROUND_PATTERNS 100
#define ROUND_TEXTS 100

static struct pair pair;

/* ---- randomness ----------------------------------------------------------------------------- */

static uint64_t state;

static uint32_t dice(uint32_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % sides;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Small on purpose, so that hits and near misses are common: case pairs of one and more bytes,
 * characters that only PCRE2 thinks equal, marks, invisible ones, and what the languages of phrases
 * and regexes give a meaning to. */
static const char *const letters[] = {
    "a", "b", "A", "k", "K", "\u212A", "s", "S", "\u017F", "e", "\u00E9", "\u00C9", "e\u0301",
    "i", "I", "\u0130", "\u0131", "\u00DF", "\u1E9E", "\u03C3", "\u03C2", "\u03A3", "\u0436",
    "\u0416", "\u1C82", "\u043E", "\u041E", "\u00B5", "\u03BC", "\u023A", "\u2C65", "\u200B",
    "\uFE0F", "1", "2", "_", "\uFF21", "\u6F22", "\u5B57", "\U0001F621", "\u01C5", "\u01C4",
};

static const char *const words[] = {
    "site", "app", "down", "is", "not", "working", "can't", "log in", "slow", "web page", "crash",
    "crashes", "STRASSE", "stra\u00DFe", "\u043D\u0435 \u0440\u0430\u0431\u043E\u0442\u0430\u0435\u0442",
    "\u041D\u0415", "for 3 hours", "$5", "sooo", "a", "b", "ab", "aab", "\u4E0D\u884C", "\U0001F621",
    "it's", "#AcmeIsDown", "K", "\u212Am", "clo\u017Fe", "10",
};

static const char *const between[] = {" ", " ", " ", " ", "", "  ", ". ", "! ", "?", "\n", "-", ", ",
                                      "\u2019", "\u200B", "\u00A0", ")", "*", "'"};

static void put_some(struct buf *out, const char *const *from, size_t n)
{
    buf_append_str(out, str_from(from[dice((uint32_t)n)]));
}

static void put_text(struct buf *out)
{
    uint32_t n = dice(12);
    bool of_words = dice(3) > 0;

    for (uint32_t i = 0; i < n; i++) {
        if (of_words) {
            put_some(out, words, ARRAY_LEN(words));
            put_some(out, between, ARRAY_LEN(between));
        } else {
            put_some(out, letters, ARRAY_LEN(letters));
            if (dice(5) == 0)
                put_some(out, between, ARRAY_LEN(between));
        }
        if (dice(40) == 0)
            buf_append_char(out, (char)dice(256));
    }
}

/* ---- random patterns ------------------------------------------------------------------------ */

static void put_phrase(struct buf *out)
{
    static const char *const extras[] = {"{service}", "{bad}", "{duration}", "{money}", "~3", "~1",
                                         "(is|was)?", "(a|b c)", "crash*", "*", "{count}?", "a*"};
    uint32_t n = 1 + dice(4);

    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append_char(out, ' ');
        if (dice(3) == 0)
            put_some(out, extras, ARRAY_LEN(extras));
        else if (dice(3) == 0)
            put_some(out, letters, ARRAY_LEN(letters));
        else
            put_some(out, words, ARRAY_LEN(words));
    }
}

static void put_regex(struct buf *out, unsigned depth);

static void put_atom(struct buf *out, unsigned depth)
{
    static const char *const atoms[] = {
        ".", "\\w", "\\d", "\\s", "\\b", "\\B", "^", "$", "[ab]", "[^ab]", "[a-c]", "[k\\x{17F}]",
        "\\x{212a}", "\\x61", "\\Qa.b\\E", "\\Qs\\E+", "\\p{L}", "\\X", "[[:alpha:]]", "[]a]", "[a\\-b]",
        "(?i)", "(?-i)", "(?x) ", "(?-x)", "(?#a)", "\\h", "\\.", "\\ ", "\\K", "\\1", "[\\w-]", "(?xx)",
        "[ a]", "\\N", "\\R", "\\t", "\\N{U+e9}", "{", "{a}", "#", "(?R)?", "(?1)?", "\\A", "\\z", "\\E",
    };
    static const char *const groups[] = {"(", "(?:", "(?i:", "(?-i:", "(?>", "(?=", "(?!", "(?<=",
                                         "(?<!", "(?<n>", "(?x: ", "(?|", "(?s-i:", "(?^:"};

    switch (dice(depth > 0 ? 6 : 4)) {
    case 0:
        put_some(out, atoms, ARRAY_LEN(atoms));
        break;
    case 1:
        put_some(out, words, ARRAY_LEN(words));
        break;
    case 4:
    case 5:
        put_some(out, groups, ARRAY_LEN(groups));
        put_regex(out, depth - 1);
        buf_append_char(out, ')');
        break;
    default:
        put_some(out, letters, ARRAY_LEN(letters));
    }
}

static void put_regex(struct buf *out, unsigned depth)
{
    static const char *const repeats[] = {"?", "*", "+", "{2}", "{1,}", "{0,2}", "{2,3}", "+?", "?+",
                                          "*?", "{1}", "{0}", " +", "{,2}"};
    uint32_t n = 1 + dice(5);

    for (uint32_t i = 0; i < n; i++) {
        put_atom(out, depth);
        if (dice(5) == 0)
            put_some(out, repeats, ARRAY_LEN(repeats));
        if (depth > 0 && dice(8) == 0)
            buf_append_char(out, '|');
    }
}

static void fill_pair(void)
{
    for (unsigned tries = 0; pair.n < ROUND_PATTERNS && tries < 100 * ROUND_PATTERNS; tries++) {
        CLEANUP(buf_finish) struct buf source = BUF_INIT(4096);
        if (dice(3) == 0) {
            put_phrase(&source);
            pair_add_phrase(&pair, buf_str(&source));
        } else {
            put_regex(&source, 3);
            pair_add_regex(&pair, buf_str(&source));
        }
    }
    assert_int_equal(pair.n, ROUND_PATTERNS);
}

static void assert_agrees(struct str text)
{
    struct arena arena;

    arena_init(&arena, 1 << 20);
    bool agrees = pair_agrees(&pair, text, &arena);
    if (!agrees)
        pair_explain(&pair, text);
    assert_true(agrees);
    arena_finish(&arena);
}

static void test_random_pairs(void **unused)
{
    uint64_t rounds = number_from("MATCHER_ROUNDS", ROUNDS), n_hits = 0;

    (void)unused;
    state = number_from("MATCHER_SEED", 20240229);
    for (uint64_t round = 0; round < rounds; round++) {
        pair_init(&pair);
        fill_pair();
        assert_int_equal(pair_start(&pair), 0);
        for (unsigned i = 0; i < ROUND_TEXTS; i++) {
            CLEANUP(buf_finish) struct buf text = BUF_INIT(4096);
            put_text(&text);
            assert_agrees(buf_str(&text));
            n_hits += pair.by_reference.n;
        }
        pair_finish(&pair);
    }
    print_message("%llu pairs, %llu hits\n",
                  (unsigned long long)(rounds * ROUND_PATTERNS * ROUND_TEXTS),
                  (unsigned long long)n_hits);
    assert_true(n_hits > rounds);
}

/* ---- chosen cases --------------------------------------------------------------------------- */

static const struct {
    const char *regex, *text;
    size_t n_hits;
} cases[] = {
    {"kilo", "\u212Ailo", 1},
    {"\u212Ailo", "a kilo and a KILO", 2},
    {"(?-i)kilo", "Kilo kilo", 1},
    {"close", "CLO\u017FE", 1},
    {"stra\u00DFe", "STRA\u1E9EE", 1},
    {"stra\u00DFe", "strasse", 0},
    {"\u0438\u043B\u0438", "\u0418\u041B\u0418", 1},
    {"\u03BF\u03C2", "\u039F\u03A3 \u03BF\u03C3", 2},
    {"(?x) down # for everybody\n now", "downnow", 1},
    {"(?x)a b c d +", "abcddd", 1},
    {"\\Qa+b\\E", "aab a+b", 1},
    {"(?=.*down)site", "site is down", 1},
    {"(?<=not )working", "not working", 1},
    {"(?<!not )working", "not working, working", 1},
    {"(?:can(?:no|')?t|unable to) (?:log|sign) ?in", "I can\u2019t LOGIN", 1},
    {"(down){2}", "downdown down", 1},
    {"do(?:wn)?time|outage", "dotime DOWNTIME outage", 3},
    {"(*ACCEPT)|never", "x", 0},
    {"a(?(?=b)bc|d)", "abc ad", 2},
    {"\\141bcd", "abcd", 1},
    {"[[:<:]]down[[:>:]]", "down downtime", 1},
    {"(a|b)(?1)cdef", "abcdef", 1},
    {"\uFF44own", "down", 0}, /* a post's full-width letters are plain, a regex's are not */
    {"down", "\uFF44\uFF4F\uFF57\uFF4E", 1},
};

static void test_cases(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        pair_init(&pair);
        if (!pair_add_regex(&pair, str_from(cases[i].regex)))
            fail_msg("%s does not compile", cases[i].regex);
        assert_int_equal(pair_start(&pair), 0);
        assert_agrees(str_from(cases[i].text));
        if (pair.by_fast.n != cases[i].n_hits)
            fail_msg("%s: %zu hits", cases[i].regex, pair.by_fast.n);
        pair_finish(&pair);
    }
}

static void test_a_whole_phrase_needs_no_regex(void **unused)
{
    (void)unused;
    pair_init(&pair);
    assert_true(pair_add_phrase(&pair, STR("is down")));
    assert_int_equal(pair_start(&pair), 0);
    assert_agrees(STR("It is DOWN. is it? It's down, is down down"));
    assert_int_equal(pair.by_fast.n, 3);
    assert_int_equal(matcher_fast.tally(pair.fast, 0)->runs, 0);
    assert_int_equal(matcher_fast.tally(pair.fast, 0)->hits, 3);
    assert_int_equal(matcher_reference.tally(pair.reference, 0)->runs, 1);
    pair_finish(&pair);
}

/* A hit at the very start and end of what is looked at, and more hits than are told. */
static void test_edges(void **unused)
{
    static char text[2 * TEXT_JUDGED_MAX];

    (void)unused;
    for (size_t len = 0; len < sizeof(text); len++)
        text[len] = "down "[len % 5];
    pair_init(&pair);
    assert_true(pair_add_phrase(&pair, STR("down")));
    assert_true(pair_add_phrase(&pair, STR("down down")));
    assert_true(pair_add_regex(&pair, STR("down$")));
    assert_true(pair_add_regex(&pair, STR("^down")));
    assert_int_equal(pair_start(&pair), 0);
    for (size_t len = 0; len < 64; len++)
        assert_agrees((struct str){text, len});
    for (size_t len = TEXT_JUDGED_MAX - 10; len < TEXT_JUDGED_MAX + 10; len++)
        assert_agrees((struct str){text, len});
    assert_int_equal(pair.by_fast.n, 2 * PATTERN_HITS_MAX + 1);
    pair_finish(&pair);
}

/* The limit is the same and is not a hit in both. */
static void test_a_limit_is_no_hit(void **unused)
{
    struct text_normal normal;
    static const bool sets[] = {true};
    struct arena arena;
    char text[4096];

    (void)unused;
    memset(text, 'a', sizeof(text));
    arena_init(&arena, 1 << 20);
    pair_init(&pair);
    assert_true(pair_add_regex(&pair, STR("(a+)+b|(?:a|a)*c")));
    assert_true(pair_add_regex(&pair, STR("(a|aa)+(?!a)\\d")));
    assert_int_equal(pair_start(&pair), 0);
    assert_int_equal(text_normalise((struct str){text, sizeof(text)}, &arena, &normal), 0);
    unsigned by_fast = matcher_fast.find(pair.fast, &normal, sets, pair_collect, &pair.by_fast);
    unsigned by_reference =
        matcher_reference.find(pair.reference, &normal, sets, pair_collect, &pair.by_reference);
    assert_int_equal(pair.by_fast.n, 0);
    assert_int_equal(pair.by_reference.n, 0);
    assert_true(by_fast >= 1 && by_fast <= by_reference);
    assert_true(matcher_fast.tally(pair.fast, 1)->limited == 1);
    assert_true(matcher_fast.tally_ns(pair.fast, 1) > 0);
    pair_finish(&pair);
    arena_finish(&arena);
}

static void test_sets_are_switched_off(void **unused)
{
    const bool off[] = {false};
    struct text_normal normal;
    struct arena arena;

    (void)unused;
    arena_init(&arena, 1 << 20);
    pair_init(&pair);
    assert_true(pair_add_phrase(&pair, STR("is down")));
    assert_true(pair_add_regex(&pair, STR(".")));
    assert_int_equal(pair_start(&pair), 0);
    assert_int_equal(text_normalise(STR("it is down"), &arena, &normal), 0);
    pair.by_fast.n = 0;
    matcher_fast.find(pair.fast, &normal, off, pair_collect, &pair.by_fast);
    assert_int_equal(pair.by_fast.n, 0);
    assert_true(matcher_fast.is_unfiltered(pair.fast, 1));
    assert_false(matcher_fast.is_unfiltered(pair.fast, 0));
    pair_finish(&pair);
    arena_finish(&arena);
}

/* ---- many literals ------------------------------------------------------------------------- */

#define LITERALS_MAX 6000
#define LITERAL_LEN_MAX 12
#define FILTERED_LEN 200

static void put_letters(char *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = " abcdefghij"[dice(11)];
}

static uint32_t place_of(const char *literal, size_t len, const char *text)
{
    uint32_t at = UINT32_MAX;

    for (uint32_t i = FILTERED_LEN - (uint32_t)len + 1; i-- > 0;)
        if (memcmp(text + i, literal, len) == 0)
            at = at == UINT32_MAX ? i : (i | FILTER_AGAIN);
    return at;
}

static void assert_filter_sees(const struct filter *f, const struct filter_literal *literals, size_t n,
                               const char *texts, struct filter_seen *seen)
{
    char text[FILTERED_LEN + FILTER_PADDING] = {0};
    size_t n_seen = 0;

    put_letters(text, FILTERED_LEN);
    for (int i = 0; i < 8; i++) { /* some are there, wherever they begin */
        const struct filter_literal *l = &literals[dice((uint32_t)n)];
        memcpy(text + dice(FILTERED_LEN - LITERAL_LEN_MAX + 1), texts + l->text, l->len);
    }
    seen->now++;
    seen->n = 0;
    filter_scan(f, (struct str){text, FILTERED_LEN}, seen);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = place_of(texts + literals[i].text, literals[i].len, text);
        n_seen += at != UINT32_MAX;
        assert_int_equal(seen->last[i] == seen->now ? seen->at[i] : UINT32_MAX, at);
    }
    assert_int_equal(seen->n, n_seen);
}

/* Few and many, in each of the ways that the filter chooses by their number and length. */
static void test_a_filter_sees_all_literals(void **unused)
{
    static const struct {
        size_t n, least_len, lens;
        bool spaces;
    } sizes[] = {{10, 4, 1, false},   {10, 4, 3, false},   {40, 4, 1, false},    {40, 5, 8, true},
                 {500, 4, 9, false},  {500, 4, 9, true},   {3000, 5, 8, false},  {3000, 4, 9, true},
                 {6000, 5, 8, false}, {6000, 4, 9, false}, {LITERALS_MAX, 8, 5, true}};
    static struct filter_literal literals[LITERALS_MAX];
    static char texts[LITERALS_MAX * LITERAL_LEN_MAX];
    static uint32_t last[LITERALS_MAX], at[LITERALS_MAX], ids[LITERALS_MAX];
    struct filter_seen seen = {.last = last, .at = at, .ids = ids};

    (void)unused;
    state = number_from("MATCHER_SEED", 20261121) * 2 + 1;
    for (size_t c = 0; c < ARRAY_LEN(sizes); c++) {
        put_letters(texts, sizeof(texts));
        for (uint32_t i = 0; i < sizes[c].n; i++) {
            size_t len = sizes[c].least_len + dice((uint32_t)sizes[c].lens);
            literals[i] = (struct filter_literal){i * LITERAL_LEN_MAX, i, (uint16_t)len};
        }
        struct filter *f = filter_create(texts, literals, sizes[c].n, sizes[c].spaces);
        assert_non_null(f);
        for (int round = 0; round < 20; round++)
            assert_filter_sees(f, literals, sizes[c].n, texts, &seen);
        filter_destroy(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_a_whole_phrase_needs_no_regex),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_a_limit_is_no_hit),
        cmocka_unit_test(test_sets_are_switched_off),
        cmocka_unit_test(test_random_pairs),
        cmocka_unit_test(test_a_filter_sees_all_literals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

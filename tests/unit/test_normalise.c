/* The form in which rules see a post, and the way back to its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mentiond/text.h"
#include "normalise_oracle.h"

static const struct {
    const char *text, *want;
} cases[] = {
    {"", " "},
    {"   ", " "},
    {"Site DOWN", " site down "},
    {"wi-fi & check-in", " wi fi check in "},
    {"isn't isn\xE2\x80\x99t isnt", " is not is not is not "},
    {"can't cannot cant won't WONT", " can not can not can not will not will not "},
    {"I've I'm they're it's acme's", " i have i am they are it is acme "},
    {"it'n't a'b'", " it not a b "},
    {"l'appli 'quoted'", " l appli quoted "},
    {"soooo slooow downnn stilllll yesss", " so sloow down still yess "},
    {"1000 www 2222", " 1000 ww 2222 "},
    {"#AcmeIsDown #acme_is_down #TVDown #O2Down #acmedown",
     " acme is down acme is down tv down o2 down acmedown "},
    {"@Acme_Help AcmeIsDown", " acme_help acmeisdown "},
    {"down. again", " down \n again "},
    {"down... again", " down again "},
    {"3.5 hours, acme.com", " 3 5 hours acme com "},
    {"why?! now", " why ? \n now "},
    {"no!!!", " no ! "},
    {"one\n\ntwo", " one \n two "},
    {"\n\nlead", " lead "},
    {"\xC2\xA3""20 and $5", " \xC2\xA3 20 and $ 5 "},
    {"great\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD\xF0\x9F\x91\x8D", " great \xF0\x9F\x91\x8D "},
    {"love \xE2\x9D\xA4\xEF\xB8\x8F it", " love \xE2\x9D\xA4 it "},
    {"\xEF\xBC\xA4\xEF\xBC\xAF\xEF\xBC\xB7\xEF\xBC\xAE\xEF\xBC\x81", " down ! "},
    {"d\xE2\x80\x8Bo\xC2\xADwn", " down "},
    {"\xF0\x9D\x93\xAD\xF0\x9D\x93\xB8\xF0\x9D\x94\x80\xF0\x9D\x93\xB7", " down "},
    {"cafe\xCC\x81 caf\xC3\x89", " caf\xC3\xA9 caf\xC3\xA9 "},
    {"stra\xC3\x9F" "e \xEF\xAC\x81x", " strasse fix "},
    {"see https://acme.example/site-down now", " see now "},
    {"bad \xFF\xC3 bytes", " bad bytes "},
    {"a\xE2\x80\x94""b \xE2\x80\x9Cx\xE2\x80\x9D", " a b x "},
};

static struct text_normal normalise(struct arena *arena, const char *text)
{
    struct text_normal n;

    assert_int_equal(text_normalise(str_from(text), arena, &n), 0);
    return n;
}

static void test_table(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 24);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct text_normal n = normalise(&arena, cases[i].text);
        if (!str_eq(n.normal, str_from(cases[i].want)))
            fail_msg("case %zu: \"%s\"\n got \"%.*s\"\nwant \"%s\"", i, cases[i].text,
                     STR_FMT(n.normal), cases[i].want);
    }
    arena_finish(&arena);
}

static const struct {
    const char *text, *words, *original;
} spans[] = {
    {"the SITE is down", " site ", "SITE"},
    {"it isn't ok", " not ", "n't"},
    {"it can\xE2\x80\x99t load", " can not ", "can\xE2\x80\x99t"},
    {"it cannot load", " can not load ", "cannot load"},
    {"they won't", " will not ", "won't"},
    {"#AcmeIsDown!", " is ", "Is"},
    {"#AcmeIsDown!", " down ", "Down"},
    {"sooooo slow", " so ", "sooooo"},
    {"d\xE2\x80\x8Bown", " down ", "d\xE2\x80\x8Bown"},
    {"xx \xF0\x9D\x93\xAD\xF0\x9D\x93\xB8 yy", " do ", "\xF0\x9D\x93\xAD\xF0\x9D\x93\xB8"},
    {"ok \xF0\x9F\x91\x8D\xF0\x9F\x91\x8D", " \xF0\x9F\x91\x8D ", "\xF0\x9F\x91\x8D"},
    {"cafe\xCC\x81", " caf\xC3\xA9 ", "cafe\xCC\x81"},
    {"the \xEF\xAC\x81", " fi ", "\xEF\xAC\x81"},
};

static void test_spans_lead_back(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 24);
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        struct text_normal n = normalise(&arena, spans[i].text);
        size_t at = str_find(n.normal, str_from(spans[i].words));
        uint32_t start, end;
        assert_int_not_equal(at, SIZE_MAX);
        text_original_span(&n, at + 1, at + strlen(spans[i].words) - 1, &start, &end);
        struct str got = str_slice(n.original, start, end);
        if (!str_eq(got, str_from(spans[i].original)))
            fail_msg("case %zu: \"%s\" got \"%.*s\"", i, spans[i].text, STR_FMT(got));
    }
    arena_finish(&arena);
}

static void test_offsets_never_go_back(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 24);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct text_normal n = normalise(&arena, cases[i].text);
        for (size_t k = 0; k < n.normal.len; k++)
            assert_true(n.offsets[k] <= n.offsets[k + 1]);
        assert_int_equal(n.offsets[n.normal.len], strlen(cases[i].text));
    }
    arena_finish(&arena);
}

static void test_plain_keeps_case_and_punctuation(void **state)
{
    struct arena arena;
    uint32_t start, end;

    (void)state;
    arena_init(&arena, 1 << 24);
    struct text_normal n = normalise(&arena, "Can\xE2\x80\x99t \xE2\x80\x9CPay\xE2\x80\x9D\xC2\xA0"
                                             "\xE2\x80\x93 #4\xE2\x80\x8B"
                                             "2");
    assert_true(str_eq(n.plain, STR("Can't \"Pay\" - #42")));
    size_t at = str_find(n.plain, STR("#42"));
    text_plain_span(&n, at, at + 3, &start, &end);
    assert_true(str_eq(str_slice(n.original, start, end), STR("#4\xE2\x80\x8B""2")));

    n = normalise(&arena, "ASCII stays");
    assert_ptr_equal(n.plain.s, n.original.s);
    assert_null(n.plain_offsets);
    n = normalise(&arena, "bad \xFF");
    assert_true(text_is_utf8(n.plain));
    arena_finish(&arena);
}

static void test_sentences(void **state)
{
    const char *text = "Site is down. Was fine before!\nStill waiting";
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 24);
    struct text_normal n = normalise(&arena, text);
    assert_int_equal(n.n_breaks, 2);
    assert_int_equal(text_sentence(&n, 0), 0);
    assert_int_equal(text_sentence(&n, 12), 0);
    assert_int_equal(text_sentence(&n, (uint32_t)(strstr(text, "Was") - text)), 1);
    assert_int_equal(text_sentence(&n, (uint32_t)(strstr(text, "Still") - text)), 2);
    arena_finish(&arena);
}

static void test_length_is_bounded(void **state)
{
    struct arena arena;
    struct buf text = BUF_INIT(1 << 20);

    (void)state;
    arena_init(&arena, 1 << 24);
    for (int i = 0; i < 20000; i++)
        buf_append(&text, "\xEF\xB7\xBA", 3); /* one character that folds to eighteen */
    struct text_normal n;
    assert_int_equal(text_normalise(buf_str(&text), &arena, &n), 0);
    assert_true(n.original.len <= TEXT_JUDGED_MAX);
    assert_true(n.normal.len <= 4 * TEXT_JUDGED_MAX + 128);
    assert_true(text_is_utf8(n.normal));
    buf_finish(&text);
    arena_finish(&arena);
}

static void test_links_can_be_kept(void **state)
{
    struct arena arena;
    struct text_normal n;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(text_normalise_with(STR("https://acme.example/x"), TEXT_KEEP_LINKS, &arena, &n), 0);
    assert_true(str_eq(n.normal, STR(" https acme example x ")));
    arena_finish(&arena);
}

static void test_out_of_memory_is_an_error(void **state)
{
    struct arena arena;
    struct text_normal n;

    (void)state;
    arena_init(&arena, 16);
    assert_true(text_normalise(STR("some words"), &arena, &n) < 0);
    arena_finish(&arena);
}

/* ---- held against the slow one --------------------------------------------------------------- */

#define RANDOM_TEXTS 200000

static uint32_t dice(uint64_t *state, uint32_t sides)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 33) % sides;
}

/* Pieces that have a meaning, any characters, and any bytes. */
static void put_piece(uint64_t *state, struct buf *out)
{
    static const char *const pieces[] = {
        " ", " ", " ", "the", "Site", "is", "DOWN", "sooo", "stilll", "isnt", "cannot", "'", "`", "im", "we're",
        "there", "have", "whats", "what", "not", "bot", ".", "!", "?", "\n", "#", "#AcmeIsDown", "_", "http://a.b/c",
        "www.x", "WWW", "https:", "h", "w", "ht", "123", "111", "aaaa", ",", "$", "\xC3\xA9", "e\xCC\x81",
        "\xC3\x9F", "\xEF\xAC\x81", "\xE2\x80\x99", "\xE2\x80\x8B", "\xEF\xB8\x8F", "\xF0\x9F\x98\xA1",
        "\xEF\xBC\xA4", "\xD0\x96", "\xE1\x84\x80\xE1\x85\xA1", "\xCD\x85", "\xE2\x80\xA6", "\xE3\x80\x82",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    };

    switch (dice(state, 8)) {
    case 0:
        buf_append_char(out, (char)dice(state, 256));
        break;
    case 1:
        buf_append_char(out, (char)(' ' + dice(state, 95)));
        break;
    case 2: {
        uint32_t c = 0x80 + dice(state, dice(state, 2) ? 0x780 : 0x1FF80);
        char bytes[4] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)),
                         (char)(0x80 | (c & 0x3F)), 0};
        if (c < 0x800)
            buf_printf(out, "%c%c", (char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F)));
        else if (c < 0x10000)
            buf_append(out, bytes, 3);
        else
            buf_printf(out, "\xF0%c%c%c", (char)(0x80 | (c >> 12)), (char)(0x80 | (c >> 6 & 0x3F)),
                       (char)(0x80 | (c & 0x3F)));
        break;
    }
    default:
        buf_append_str(out, str_from(pieces[dice(state, ARRAY_LEN(pieces))]));
    }
}

static bool same_offsets(const text_offset *a, const text_offset *b, size_t n)
{
    return (!a && !b) || (a && b && memcmp(a, b, n * sizeof(*a)) == 0);
}

static bool same_normals(const struct text_normal *a, const struct text_normal *b)
{
    return str_eq(a->normal, b->normal) &&
           same_offsets(a->offsets, b->offsets, a->normal.len + 1) &&
           str_eq(a->plain, b->plain) &&
           same_offsets(a->plain_offsets, b->plain_offsets, a->plain.len + 1) &&
           a->n_breaks == b->n_breaks &&
           memcmp(a->breaks, b->breaks, a->n_breaks * sizeof(*a->breaks)) == 0;
}

static void assert_same(struct str text, unsigned flags, struct arena *arena)
{
    struct text_normal quick, slow;

    arena_reset(arena);
    assert_int_equal(text_normalise_with(text, flags, arena, &quick), 0);
    assert_int_equal(oracle_normalise_with(text, flags, arena, &slow), 0);
    if (!same_normals(&quick, &slow))
        fail_msg("'%.*s':\n  quick '%.*s'\n  slow  '%.*s'", STR_FMT(text), STR_FMT(quick.normal),
                 STR_FMT(slow.normal));
}

static void test_random_texts_as_the_slow_one(void **unused)
{
    uint64_t state = 0x2545F4914F6CDD1Dull;
    struct arena arena;

    (void)unused;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        CLEANUP(buf_finish) struct buf text = BUF_INIT(4096);
        for (uint32_t n = dice(&state, 14); n > 0; n--)
            put_piece(&state, &text);
        assert_same(buf_str(&text), i % 16 == 0 ? TEXT_KEEP_LINKS : 0, &arena);
    }
    arena_finish(&arena);
}

/* Each character alone, in a word, doubled, and with a mark. */
static void test_each_character_as_the_slow_one(void **unused)
{
    struct arena arena;

    (void)unused;
    arena_init(&arena, 1 << 20);
    for (uint32_t c = 1; c < 0x30000; c++) {
        CLEANUP(buf_finish) struct buf text = BUF_INIT(64);
        char bytes[5] = {0};
        if (c < 0x80)
            bytes[0] = (char)c;
        else if (c < 0x800)
            memcpy(bytes, (char[]){(char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))}, 2);
        else if (c < 0x10000)
            memcpy(bytes, (char[]){(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)),
                                   (char)(0x80 | (c & 0x3F))}, 3);
        else
            memcpy(bytes, (char[]){(char)(0xF0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3F)),
                                   (char)(0x80 | (c >> 6 & 0x3F)), (char)(0x80 | (c & 0x3F))}, 4);
        buf_printf(&text, "%s a%sb %s%s %s\xCC\x81", bytes, bytes, bytes, bytes, bytes);
        assert_same(buf_str(&text), 0, &arena);
    }
    arena_finish(&arena);
}

/* Each by itself, for quick tests by length and letters decide which of them are looked up. */
static void test_contractions(void **state)
{
    static const char *const words[][2] = {
        {"im", " i am "}, {"ive", " i have "}, {"aint", " is not "}, {"cant", " can not "},
        {"dont", " do not "}, {"isnt", " is not "}, {"wont", " will not "}, {"it's", " it is "},
        {"he's", " he is "}, {"ain't", " is not "}, {"arent", " are not "}, {"can't", " can not "},
        {"didnt", " did not "}, {"hadnt", " had not "}, {"hasnt", " has not "}, {"let's", " let us "},
        {"thats", " that is "}, {"wasnt", " was not "}, {"whats", " what is "}, {"won't", " will not "},
        {"youre", " you are "}, {"youve", " you have "}, {"how's", " how is "}, {"she's", " she is "},
        {"who's", " who is "}, {"why's", " why is "}, {"cannot", " can not "}, {"doesnt", " does not "},
        {"havent", " have not "}, {"shan't", " shall not "}, {"theyre", " they are "},
        {"theyve", " they have "}, {"werent", " were not "}, {"here's", " here is "},
        {"that's", " that is "}, {"what's", " what is "}, {"when's", " when is "},
        {"couldnt", " could not "}, {"wouldnt", " would not "}, {"there's", " there is "},
        {"where's", " where is "}, {"shouldnt", " should not "},
    };
    struct text_normal n;
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_int_equal(text_normalise(str_from(words[i][0]), &arena, &n), 0);
        if (!str_eq(n.normal, str_from(words[i][1])))
            fail_msg("%s became '%.*s'", words[i][0], STR_FMT(n.normal));
    }
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_texts_as_the_slow_one),
        cmocka_unit_test(test_each_character_as_the_slow_one),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_spans_lead_back),
        cmocka_unit_test(test_offsets_never_go_back),
        cmocka_unit_test(test_contractions),
        cmocka_unit_test(test_plain_keeps_case_and_punctuation),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_links_can_be_kept),
        cmocka_unit_test(test_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

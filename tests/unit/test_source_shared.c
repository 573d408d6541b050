/* What drivers share: Markdown as text, and the walk back by time. */
#include "source_rig.h"

#include "mentiond/text.h"
#include "sources/driver.h"
#include "sources/markdown.h"
#include "sources/timewalk.h"

/* Plain words take a short way: it gives what the long one does. */
static void test_html_of_plain_words(void **state)
{
    static const char *const texts[] = {
        "", " ", "a", "User 7", "two  spaces", " before", "after ", "a\tb", "a\nb", "a&amp;b", "a<b>c",
        "caf\303\251", "x\177", "~!\"#$%'()*+,-./:;=>?@[]^_`{|}",
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf want = BUF_INIT(1024);
        struct str got = html_to_text(str_from(texts[i]), &arena);

        assert_true(text_from_html(str_from(texts[i]), &want));
        if (!str_eq(got, buf_str(&want)))
            fail_msg("text %zu: got \"%.*s\", wanted \"%.*s\"", i, STR_FMT(got), STR_FMT(buf_str(&want)));
        buf_finish(&want);
    }
    arena_finish(&arena);
}

static void test_markdown(void **state)
{
    static const struct {
        const char *markdown, *want;
    } cases[] = {
        {"", ""},
        {"plain *text* & [a link](https://a.example)", "plain *text* & [a link](https://a.example)"},
        {"> quoted\n\nmine", "mine"},
        {"  > quoted\nmine\r\n\r\n\r\n\r\nmore\r\n", "mine\n\nmore"},
        {"a\n```\nlog\n> x\n```\nb", "a\nb"},
        {"a\n~~~ sh\nlog\n```\n~~~\nb", "a\nb"},
        {"a\n```\nnever closed", "a"},
        {"a `inline` b", "a `inline` b"},
        {"<!-- form -->a<!-- -->b", "ab"},
        {"a <!-- never closed", "a <!-- never closed"},
        {"a<DETAILS open>\nlog\n</Details>b", "ab"},
        {"[quote=\"bo, post:1, topic:2\"]\nhis\n[/quote]\nmine", "mine"},
        {"[quote=\"a\"]\n[quote=\"b\"]\ntheirs\n[/quote]\nhers\n[/quote]\nmine", "mine"},
        {"[quote]a[/quote][quote]b[/quote]c [quote", "c [quote"},
        {"\xE3\x82\xA2 > \xF0\x9F\x98\xAD", "\xE3\x82\xA2 > \xF0\x9F\x98\xAD"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_str(markdown_to_text(str_from(cases[i].markdown), &arena), cases[i].want);
    arena_finish(&arena);
}

/* Hundreds of thousands of quotes in quotes: kept as text, in no time to speak of. */
static void test_markdown_bomb(void **state)
{
    struct buf bomb = BUF_INIT(2 * 1024 * 1024);
    struct arena arena;

    (void)state;
    arena_init(&arena, 8 * 1024 * 1024);
    for (int i = 0; i < 100000; i++)
        buf_append_str(&bomb, STR("[quote]<!--"));
    buf_append_str(&bomb, STR("[/quote]"));
    assert_int_equal(markdown_to_text(buf_str(&bomb), &arena).len, 1024 * 1024);
    buf_finish(&bomb);
    arena_finish(&arena);
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct walker {
    struct arena arena;
    struct source src;
    struct source_cursor at;
    struct source_reply reply;
    struct source_step step;
};

static void walker_init(struct walker *w, const char *low)
{
    *w = (struct walker){.src = {.overlap_ms = 100}, .at = {.low = str_from(low)},
                         .reply = {.received_at_ms = 10000}};
    arena_init(&w->arena, 1024 * 1024);
}

/* A page of items whose ids are their times. */
static size_t give(struct walker *w, const int64_t *times, size_t n, const char *next)
{
    const struct parsing p = {&w->src, &w->at, &w->reply, NULL, &w->arena};
    struct timewalk walk = timewalk_begin(&p);
    size_t taken = 0;

    for (size_t i = 0; i < n; i++)
        taken += timewalk_takes(&walk, cursor_from_i64(&w->arena, times[i]), times[i]);
    timewalk_step(&p, &walk, str_from(next), &w->step);
    if (w->step.kind == STEP_PAGE || w->step.kind == STEP_DONE)
        w->at = w->step.cursor;
    return taken;
}

#define GIVE(w, next, ...)                                                                                   \
    give(w, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), next)

static void test_walk_ends_where_a_whole_page_is_old(void **state)
{
    struct walker w;

    (void)state;
    walker_init(&w, "5000");
    assert_int_equal(GIVE(&w, "b", 6000, 100, 5500, 4950), 3); /* one old item among new ones */
    assert_int_equal(w.step.kind, STEP_PAGE);
    assert_str(w.at.high, "6000");
    assert_int_equal(GIVE(&w, "c", 6500, 4900), 2); /* out of order: the newest counts wherever it is */
    assert_int_equal(w.step.kind, STEP_PAGE);
    assert_int_equal(GIVE(&w, "d", 4899, 4000), 0);
    assert_int_equal(w.step.kind, STEP_DONE);
    assert_str(w.at.low, "6500");
    assert_false(w.step.gap);
    arena_finish(&w.arena);
}

static void test_walk_and_the_page_before(void **state)
{
    struct walker w;

    (void)state;
    walker_init(&w, "5000");
    GIVE(&w, "b", 6000, 5900);
    GIVE(&w, "c", 5900, 6000); /* the same page in another order, whatever it says of the next */
    assert_int_equal(w.step.kind, STEP_PAGE);
    assert_str(w.at.next, "b");
    GIVE(&w, "c", 5800, 5700);
    assert_str(w.at.next, "c");
    GIVE(&w, "c", 5600, 5500); /* another page, but a place that does not move on */
    assert_int_equal(w.step.kind, STEP_PAGE);
    GIVE(&w, "c", 5400, 5300);
    assert_int_equal(w.step.kind, STEP_DONE);
    assert_true(w.step.gap);
    arena_finish(&w.arena);
}

static void test_walk_and_clocks(void **state)
{
    struct walker w;

    (void)state;
    walker_init(&w, "5000");
    GIVE(&w, "", 99000); /* from the future */
    assert_str(w.at.low, "10000");
    GIVE(&w, "", 4000); /* never back */
    assert_str(w.at.low, "10000");
    assert_int_equal(GIVE(&w, "", 0), 1); /* without a time: taken */
    assert_str(w.at.low, "10000");
    arena_finish(&w.arena);

    walker_init(&w, ""); /* a first run: one page, or as far as the backfill goes */
    GIVE(&w, "b", 6000);
    assert_int_equal(w.step.kind, STEP_DONE);
    assert_str(w.at.low, "6000");
    w.at = (struct source_cursor){0};
    w.src.backfill_ms = 5000;
    GIVE(&w, "b", 6000);
    assert_int_equal(w.step.kind, STEP_PAGE);
    GIVE(&w, "c", 4999);
    assert_int_equal(w.step.kind, STEP_DONE);
    assert_str(w.at.low, "6000");
    arena_finish(&w.arena);

    walker_init(&w, "nonsense");
    w.at.walking = true;
    w.at.floor = STR("x");
    GIVE(&w, "b", 6000);
    assert_int_equal(w.step.kind, STEP_DONE);
    arena_finish(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html_of_plain_words),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_markdown_bomb),
        cmocka_unit_test(test_walk_ends_where_a_whole_page_is_old),
        cmocka_unit_test(test_walk_and_the_page_before),
        cmocka_unit_test(test_walk_and_clocks),
    };

    return cmocka_run_group_tests_name("source_shared", tests, NULL, NULL);
}

/* The mention: defaults, limits, and that its JSON form loses nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mentiond/mention.h"

#define NOW 1795281000000

static void fill_minimal(struct mention *m)
{
    mention_init(m);
    m->id = STR("mastodon:https://example.social/1");
    m->network = STR("mastodon");
    m->author.id = STR("https://example.social/users/ana");
    m->fetched_at_ms = m->created_at_ms = NOW;
}

static bool to_json(const struct mention *m, struct buf *out)
{
    buf_init(out, 256 * 1024);
    return mention_to_json(m, out);
}

static int from_json(struct str text, struct arena *arena, struct mention *ret, struct error *err)
{
    json_t *value = NULL;
    int code = json_page_parse(text, NULL, &value, err);

    if (code == 0)
        code = mention_from_json(value, arena, ret, err);
    json_decref(value);
    return code;
}

static void test_check_limits(void **state)
{
    static char long_text[MENTION_TEXT_MAX + 10], long_id[MENTION_ID_MAX + 20], long_url[MENTION_URL_MAX + 2];
    struct mention m;
    struct error err;

    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    memset(long_id, 'i', sizeof(long_id));
    memset(long_url, 'u', sizeof(long_url));
    memcpy(long_text + MENTION_TEXT_MAX - 1, "\xC3\xA9", 2);

    fill_minimal(&m);
    m.text = (struct str){long_text, sizeof(long_text)};
    m.url = (struct str){long_url, sizeof(long_url)};
    m.conversation = (struct str){long_id, sizeof(long_id)};
    m.author.name = (struct str){long_text, 1000};
    m.lang = STR("");
    m.n_hits = 1;
    m.hits[0] = (struct mention_hit){.rule = STR("p/r"), .start = 90000, .end = 90010};
    assert_int_equal(mention_check(&m, &err), 0);
    assert_int_equal(m.text.len, MENTION_TEXT_MAX - 1);
    assert_true(m.truncated);
    assert_int_equal(m.url.len, 0);
    assert_int_equal(m.conversation.len, 0);
    assert_int_equal(m.author.name.len, MENTION_NAME_MAX);
    assert_true(str_eq(m.lang, STR("und")));
    assert_true(m.hits[0].end <= m.text.len && m.hits[0].start <= m.hits[0].end);
}

static void test_check_refuses(void **state)
{
    static char long_id[MENTION_ID_MAX + 1] = "mastodon:";
    static const struct {
        struct str id, network, author;
        const char *field;
    } cases[] = {
        {{"", 0}, {"mastodon", 8}, {"a", 1}, "id"},
        {{"mastodon:", 9}, {"mastodon", 8}, {"a", 1}, "id"},
        {{"bluesky:1", 9}, {"mastodon", 8}, {"a", 1}, "id"},
        {{long_id, sizeof(long_id)}, {"mastodon", 8}, {"a", 1}, "id"},
        {{"x:1", 3}, {"", 0}, {"a", 1}, "network"},
        {{"x:1", 3}, {"x", 1}, {"", 0}, "author.id"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m;
        struct error err = {0};

        fill_minimal(&m);
        m.id = cases[i].id;
        m.network = cases[i].network;
        m.author.id = cases[i].author;
        assert_int_equal(mention_check(&m, &err), -EINVAL);
        assert_int_equal(strncmp(err.text, cases[i].field, strlen(cases[i].field)), 0);
    }
}

static void test_check_times(void **state)
{
    static const struct {
        int64_t created, want, claimed;
    } cases[] = {
        {NOW - 5, NOW - 5, 0}, {NOW + 60000, NOW + 60000, 0}, {NOW + 60001, NOW, NOW + 60001},
        {0, NOW, 0}, {-5, NOW, 0}, {INT64_MAX, NOW, INT64_MAX}, {INT64_MIN, NOW, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m;

        fill_minimal(&m);
        m.created_at_ms = cases[i].created;
        assert_int_equal(mention_check(&m, NULL), 0);
        assert_int_equal(m.created_at_ms, cases[i].want);
        assert_int_equal(m.claimed_created_at_ms, cases[i].claimed);
    }
}

/* ---- the round trip ------------------------------------------------------------------------ */

static struct str random_text(struct arena *arena, size_t max_len)
{
    static const char *const pieces[] = {"a", "login", " ", "\"", "\\", "\n", "\x01", "\xC3\xA9",
                                         "\xF0\x9F\x98\xA1", "\xE2\x80\xA8", "</script>", "{}", "0"};
    struct buf b = BUF_INIT(max_len + 16);
    struct str text;

    while (b.len < max_len && rand() % 12)
        buf_append_str(&b, str_from(pieces[(size_t)rand() % ARRAY_LEN(pieces)]));
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text;
}

static void fill_random(struct mention *m, struct arena *arena)
{
    struct str *texts[] = {&m->native, &m->brand, &m->source, &m->url, &m->text, &m->conversation,
                           &m->in_reply_to, &m->in_reply_to_author, &m->repost_of, &m->place, &m->kind,
                           &m->author.handle, &m->author.name, &m->author.location};
    bool *flags[] = {&m->truncated, &m->backfill, &m->addressed, &m->own, &m->root_own, &m->sensitive,
                     &m->author.verified};
    int64_t *numbers[] = {&m->likes, &m->shares, &m->replies, &m->author.followers,
                          &m->edited_at_ms, &m->claimed_created_at_ms, &m->author.created_at_ms};

    fill_minimal(m);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = random_text(arena, 60);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        *flags[i] = rand() % 2;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        *numbers[i] = rand() % 3 ? rand() : rand() % 2 - 1;
    m->class = (enum mention_class)(rand() % CLASS_COUNT);
    m->score = rand() % 20 - 5;
    for (size_t c = CLASS_NONE + 1; c < CLASS_COUNT; c++)
        m->scores[c] = rand() % 4;
    m->signals = (unsigned)rand() % (1u << SIGNAL_COUNT);
    m->n_also = (size_t)rand() % MENTION_ALSO_MAX;
    for (size_t i = 0; i < m->n_also; i++)
        m->also[i] = random_text(arena, 10);
    m->n_hits = (size_t)rand() % MENTION_HITS_MAX;
    for (size_t i = 0; i < m->n_hits; i++)
        m->hits[i] = (struct mention_hit){random_text(arena, 20), (enum mention_class)(rand() % CLASS_COUNT),
                                          rand() % 9 - 4, 1, (uint32_t)(1 + rand() % 500)};
    m->n_captures = (size_t)rand() % MENTION_CAPTURES_MAX;
    for (size_t i = 0; i < m->n_captures; i++)
        m->captures[i] = (struct mention_capture){rand() % 2 ? STR("topic") : STR("place"),
                                                  random_text(arena, 20)};
}

/* JSON -> C -> JSON is the same text; as the first text came from C, nothing was lost on the
 * way. */
static void test_round_trip(void **state)
{
    (void)state;
    srand(20261121);
    for (int i = 0; i < 2000; i++) {
        struct arena arena;
        struct mention m, again;
        struct buf first, second;
        struct error err = {0};

        arena_init(&arena, 1024 * 1024);
        fill_random(&m, &arena);
        assert_true(to_json(&m, &first));
        assert_int_equal(from_json(buf_str(&first), &arena, &again, &err), 0);
        assert_true(to_json(&again, &second));
        assert_true(str_eq(buf_str(&first), buf_str(&second)));
        assert_true(str_eq(m.text, again.text));
        assert_true(str_eq(m.author.name, again.author.name));
        assert_int_equal(m.author.followers, again.author.followers);
        assert_int_equal(m.n_hits, again.n_hits);
        assert_int_equal(m.n_captures, again.n_captures);
        assert_int_equal(m.signals, again.signals);
        buf_finish(&first);
        buf_finish(&second);
        arena_finish(&arena);
    }
}

static void test_json_form(void **state)
{
    static const char want[] =
        "{\"id\":\"mastodon:https://example.social/1\",\"network\":\"mastodon\",\"text\":\"login down\","
        "\"lang\":\"und\",\"created_at\":1795281000000,\"fetched_at\":1795281000000,"
        "\"author\":{\"id\":\"https://example.social/users/ana\",\"followers\":0},\"likes\":3,"
        "\"addressed\":true,\"class\":\"outage\",\"score\":3,\"scores\":{\"outage\":3,\"praise\":1},"
        "\"signals\":[\"recovery\",\"other-brand\"],\"hits\":[{\"rule\":\"en/outage/outage.login\","
        "\"class\":\"outage\",\"score\":3,\"start\":0,\"end\":10}],"
        "\"captures\":{\"topic\":[\"login\",\"app\"],\"place\":[\"Leeds\"]}}";
    struct mention m;
    struct buf out;

    (void)state;
    fill_minimal(&m);
    m.text = STR("login down");
    m.likes = 3;
    m.author.followers = 0;
    m.addressed = true;
    m.class = CLASS_OUTAGE;
    m.score = m.scores[CLASS_OUTAGE] = 3;
    m.scores[CLASS_PRAISE] = 1;
    m.signals = SIGNAL_RECOVERY | SIGNAL_OTHER_BRAND;
    m.n_hits = 1;
    m.hits[0] = (struct mention_hit){STR("en/outage/outage.login"), CLASS_OUTAGE, 3, 0, 10};
    m.n_captures = 3;
    m.captures[0] = (struct mention_capture){STR("topic"), STR("login")};
    m.captures[1] = (struct mention_capture){STR("place"), STR("Leeds")};
    m.captures[2] = (struct mention_capture){STR("topic"), STR("app")};
    assert_true(to_json(&m, &out));
    assert_int_equal(out.len, strlen(want));
    assert_memory_equal(out.data, want, strlen(want));
    buf_finish(&out);
}

static void test_json_size_is_limited(void **state)
{
    static char text[MENTION_TEXT_MAX];
    struct mention m;
    struct buf out;

    (void)state;
    memset(text, '\x01', sizeof(text)); /* six bytes each in JSON */
    fill_minimal(&m);
    m.text = (struct str){text, sizeof(text)};
    assert_false(to_json(&m, &out));
    buf_finish(&out);
}

static void test_wrong_types_are_named(void **state)
{
    static const struct {
        const char *text, *member;
    } cases[] = {
        {"[]", "mention"},
        {"{\"id\":1}", "id"},
        {"{\"created_at\":\"now\"}", "created_at"},
        {"{\"created_at\":1.5}", "created_at"},
        {"{\"likes\":{}}", "likes"},
        {"{\"own\":1}", "own"},
        {"{\"author\":[]}", "author"},
        {"{\"author\":{\"handle\":7}}", "author: handle"},
        {"{\"also\":\"x\"}", "also"},
        {"{\"also\":[1]}", "also"},
        {"{\"class\":\"bad\"}", "class"},
        {"{\"score\":99999999999}", "score"},
        {"{\"scores\":[]}", "scores"},
        {"{\"scores\":{\"outage\":\"3\"}}", "scores"},
        {"{\"signals\":{}}", "signals"},
        {"{\"hits\":{}}", "hits"},
        {"{\"hits\":[{\"rule\":\"r\",\"start\":5,\"end\":2}]}", "hits"},
        {"{\"hits\":[7]}", "hits.rule"},
        {"{\"captures\":[]}", "captures"},
        {"{\"captures\":{\"topic\":\"x\"}}", "captures"},
        {"{\"captures\":{\"topic\":[1]}}", "captures"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m = {.score = 42};
        struct error err = {0};

        assert_int_equal(from_json(str_from(cases[i].text), &arena, &m, &err), -EINVAL);
        assert_int_equal(strncmp(err.text, cases[i].member, strlen(cases[i].member)), 0);
        assert_int_equal(m.score, 42);
    }
    arena_finish(&arena);
}

static void test_unknown_and_null_are_ignored(void **state)
{
    struct arena arena;
    struct mention m;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(from_json(STR("{\"new\":[1],\"id\":null,\"author\":null,\"hits\":null,"
                                   "\"captures\":null,\"signals\":[\"unheard\",\"joke\"]}"),
                               &arena, &m, NULL), 0);
    assert_int_equal(m.id.len, 0);
    assert_int_equal(m.author.followers, -1);
    assert_int_equal(m.signals, SIGNAL_JOKE);
    arena_finish(&arena);
}

static void test_names(void **state)
{
    enum mention_class class;
    unsigned signal;

    (void)state;
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        assert_true(mention_class_parse(str_from(mention_class_name((enum mention_class)c)), &class));
        assert_int_equal(class, c);
    }
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        assert_true(mention_signal_parse(str_from(mention_signal_name(1u << i)), &signal));
        assert_int_equal(signal, 1u << i);
    }
    assert_false(mention_class_parse(STR("Outage"), &class));
    assert_false(mention_signal_parse(STR(""), &signal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_limits),
        cmocka_unit_test(test_check_refuses),
        cmocka_unit_test(test_check_times),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_json_form),
        cmocka_unit_test(test_json_size_is_limited),
        cmocka_unit_test(test_wrong_types_are_named),
        cmocka_unit_test(test_unknown_and_null_are_ignored),
        cmocka_unit_test(test_names),
    };

    json_init();
    return cmocka_run_group_tests_name("mention", tests, NULL, NULL);
}

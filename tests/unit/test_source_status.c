/* The parts that all drivers share: waiting times in every dialect, statuses, URLs, Link headers,
 * pages. */
#include "source_rig.h"

#include "sources/driver.h"
#include "sources/url.h"

#define HOUR_MS (3600LL * 1000)

static void test_waiting_times(void **state)
{
    static const struct {
        const char *name, *value;
        int64_t want;
    } cases[] = {
        {"Retry-After", "120", 120000},
        {"retry-after", " 7 ", 7000},
        {"Retry-After", "0", 0},
        {"Retry-After", "1.2", 2000},
        {"Retry-After", "Sat, 21 Nov 2026 17:31:30 GMT", 90000},
        {"Retry-After", "Sat, 21 Nov 2026 17:00:00 GMT", 0}, /* past */
        {"Retry-After", "99999999", 24 * HOUR_MS},
        {"Retry-After", "999999999999999999999", -1},
        {"Retry-After", "-5", -1},
        {"Retry-After", "soon", -1},
        {"Retry-After", "", -1},
        {"X-RateLimit-Reset", "2026-11-21T17:30:30.070144Z", 30070},
        {"X-RateLimit-Reset", "1795282230", 30000},
        {"X-RateLimit-Reset", "90", 90000},
        {"RateLimit-Reset", "1795282215", 15000},
        {"RateLimit-Reset", "15", 15000},
        {"X-Rate-Limit-Reset", "1795282260", 60000},
        {"X-Other", "5", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_response r = {.n_headers = 1};

        r.headers[0] = (struct http_header){str_from(cases[i].name), str_from(cases[i].value), false};
        assert_int_equal(http_retry_after_ms(&r, RIG_NOW), cases[i].want);
    }
}

static void test_retry_after_goes_first(void **state)
{
    struct http_response r = {
        .n_headers = 2,
        .headers = {{STR("X-RateLimit-Reset"), STR("900"), false}, {STR("Retry-After"), STR("3"), false}},
    };

    (void)state;
    assert_int_equal(http_retry_after_ms(&r, RIG_NOW), 3000);
    r.headers[1].value = STR("garbage");
    assert_int_equal(http_retry_after_ms(&r, RIG_NOW), 900000);
}

/* Whatever a server answers, there is a decision; only a plain 2xx is left to the driver. */
static void test_every_status_is_decided(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    for (int status = 100; status <= 599; status++) {
        struct http_response http = {.status = status};
        struct source_reply reply = {.http = &http, .body = STR("{}"), .received_at_ms = RIG_NOW};
        struct source_step step = {0};
        bool decided = source_step_for_status(&reply, &arena, &step);

        assert_int_equal(decided, status / 100 != 2 || status == 206);
        if (decided) {
            assert_true(step.kind == STEP_WAIT || step.kind == STEP_RETRY || step.kind == STEP_STOP);
            assert_has(step.reason, "HTTP ");
        }
    }
    arena_finish(&arena);
}

static void test_urls(void **state)
{
    struct arena arena;
    struct url u;
    struct str text;

    (void)state;
    arena_init(&arena, 1024 * 1024);
    url_begin(&u, STR("https://h.example//"), "/tag/");
    url_add_segment(&u, STR("caf\xC3\xA9/../x?y#z"));
    url_add_param(&u, "a", STR("1 &=+%"));
    url_add_param(&u, "empty", STR(""));
    url_add_i64(&u, "n", -5);
    assert_int_equal(url_finish(&u, &arena, &text, NULL), 0);
    assert_str(text, "https://h.example/tag/caf%C3%A9%2F..%2Fx%3Fy%23z?a=1%20%26%3D%2B%25&n=-5");

    assert_str(url_origin(text), "https://h.example");
    assert_str(url_authority(STR("http://u@h:80?x=//y")), "u@h:80");
    assert_str(url_origin(STR("no url")), "");
    assert_str(url_authority(STR("")), "");
    assert_str(url_get_param(STR("https://h/?a=1&min_id=2&b"), "min_id"), "2");
    assert_str(url_get_param(STR("https://h/?a=1&b"), "b"), "");
    assert_str(url_get_param(STR("https://h/"), "b"), "");
    arena_finish(&arena);
}

static void test_url_too_long(void **state)
{
    static char many[20000];
    struct arena arena;
    struct url u;
    struct str text = STR("untouched");

    (void)state;
    arena_init(&arena, 1024 * 1024);
    memset(many, 'x', sizeof(many));
    url_begin(&u, STR("https://h"), "/");
    url_add_param(&u, "q", (struct str){many, sizeof(many)});
    assert_true(url_finish(&u, &arena, &text, NULL) < 0);
    assert_str(text, "untouched");
    arena_finish(&arena);
}

static void test_link_headers(void **state)
{
    static const struct {
        const char *header, *rel, *want;
    } cases[] = {
        {"<https://h/a?x=1,2>; rel=\"next\", <https://h/b>; rel=\"prev\"", "prev", "https://h/b"},
        {"<https://h/a?x=1,2>; rel=\"next\", <https://h/b>; rel=\"prev\"", "next", "https://h/a?x=1,2"},
        {"<https://h/a>; title=\"x\"; rel=\"next\"", "next", "https://h/a"},
        {"<https://h/a>; rel=\"next\"", "prev", ""},
        {"<https://h/a; rel=\"next\"", "next", ""},
        {">x<", "next", ""},
        {"<<>>>", "next", ""},
        {"", "next", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_str(link_header_find(str_from(cases[i].header), cases[i].rel), cases[i].want);
}

static void test_page_is_bounded(void **state)
{
    struct arena arena;
    struct source_page page = {.arena = &arena};
    struct mention *m = NULL;

    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    for (size_t i = 0; i < SOURCE_PAGE_MENTIONS_MAX; i++) {
        m = source_page_add(&page);
        assert_non_null(m);
        assert_int_equal(m->likes, -1);
        m->score = (int)i;
    }
    assert_null(source_page_add(&page));
    assert_int_equal(page.n_mentions, SOURCE_PAGE_MENTIONS_MAX);
    assert_int_equal(page.mentions[77].score, 77);
    arena_finish(&arena);

    arena_init(&arena, 1000); /* no memory for one */
    page = (struct source_page){.arena = &arena};
    assert_null(source_page_add(&page));
    assert_int_equal(page.n_mentions, 0);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_times),
        cmocka_unit_test(test_retry_after_goes_first),
        cmocka_unit_test(test_every_status_is_decided),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_url_too_long),
        cmocka_unit_test(test_link_headers),
        cmocka_unit_test(test_page_is_bounded),
    };

    return cmocka_run_group_tests_name("source_status", tests, NULL, NULL);
}

/* core: text, buffers, arenas, clocks, errors, the log's repeat suppression,
 * memory at rest. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/clock.h"
#include "mentiond/error.h"
#include "mentiond/log.h"
#include "mentiond/memory.h"

static const char log_module[] = "test";

static void assert_text(struct str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.s, want, got.len);
}

static void test_str_numbers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {"0", true, 0}, {"-1", true, -1}, {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN}, {"9223372036854775808", false, 0},
        {"", false, 0}, {"-", false, 0}, {"1x", false, 0}, {" 1", false, 0}, {"+1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;

        assert_int_equal(str_to_i64(str_from(cases[i].text), INT64_MIN, INT64_MAX, &got), cases[i].ok);
        assert_true(got == cases[i].want);
    }
}

static void test_str_pieces(void **state)
{
    struct str rest;

    (void)state;
    assert_text(str_trim(STR(" \t a b \n")), "a b");
    assert_text(str_trim(STR("  ")), "");
    assert_text(str_split(STR("a:b:c"), ':', &rest), "a");
    assert_text(rest, "b:c");
    assert_text(str_split(STR("abc"), ':', &rest), "abc");
    assert_null(rest.s);
    assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
    assert_int_equal(str_find(STR("hello"), STR("x")), SIZE_MAX);
    assert_text(str_cut_utf8(STR("a\xC3\xA9z"), 2), "a");
    assert_true(str_eq_nocase(STR("AbC"), STR("aBc")));
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
}

static void test_str_nearest(void **state)
{
    static const char *const names[] = {"interval", "hashtags", "type", NULL};

    (void)state;
    assert_string_equal(str_nearest(STR("hashtgas"), names, sizeof(names[0])), "hashtags");
    assert_string_equal(str_nearest(STR("Type"), names, sizeof(names[0])), "type");
    assert_null(str_nearest(STR("colour"), names, sizeof(names[0])));
    assert_null(str_nearest(STR(""), names, sizeof(names[0])));
}

static void test_buf_limit(void **state)
{
    struct buf b = BUF_INIT(8);

    (void)state;
    assert_true(buf_append_str(&b, STR("12345678")));
    assert_false(buf_append_char(&b, '9'));
    assert_true(b.failed);
    assert_int_equal(b.len, 0);
    assert_false(buf_append_char(&b, 'x'));
    buf_reset(&b);
    assert_true(buf_printf(&b, "%d", 42));
    assert_text(buf_str(&b), "42");
    assert_false(buf_printf(&b, "%s", "1234567"));
    buf_finish(&b);
}

static void test_buf_json(void **state)
{
    static const struct {
        struct str in;
        const char *want;
    } cases[] = {
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\n\t\x01\x7F", 4}, "\"\\n\\t\\u0001\\u007f\""},
        {{"\xE2\x80\xA8", 3}, "\"\\u2028\""},
        {{"\xC3\xA9 \xF0\x9F\x98\x80", 7}, "\"\xC3\xA9 \xF0\x9F\x98\x80\""},
        {{"\xC3", 1}, "\"\xEF\xBF\xBD\""},
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"a\0b", 3}, "\"a\\u0000b\""},
    };
    struct buf b = BUF_INIT(1000);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_reset(&b);
        assert_true(buf_append_json(&b, cases[i].in));
        assert_text(buf_str(&b), cases[i].want);
    }
    buf_finish(&b);
}

static void test_buf_numbers(void **state)
{
    struct buf b = BUF_INIT(100);
    char *taken;

    (void)state;
    buf_append_i64(&b, INT64_MIN);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, 0);
    buf_append_utf8(&b, 0x20AC);
    buf_append_utf8(&b, 0xD800);
    taken = buf_take(&b);
    assert_string_equal(taken, "-9223372036854775808 0\xE2\x82\xAC\xEF\xBF\xBD");
    free(taken);
    taken = buf_take(&b);
    assert_string_equal(taken, "");
    free(taken);
}

static void test_arena(void **state)
{
    struct arena a;
    char *big, *piece;

    (void)state;
    arena_init(&a, 100000);
    piece = arena_alloc(&a, 10);
    assert_non_null(piece);
    assert_true(arena_extend(&a, piece, 10, 100));
    assert_true(arena_owns(&a, piece));
    assert_false(arena_owns(&a, &a));
    assert_text(arena_printf(&a, "%s-%d", "x", 7), "x-7");
    assert_false(arena_extend(&a, piece, 100, 200));
    big = arena_alloc(&a, 90000);
    assert_non_null(big);
    memset(big, 1, 90000);
    assert_null(arena_alloc(&a, 20000));
    assert_true(a.failed);
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_reset(&a);
    assert_false(a.failed);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_zalloc(&a, 20000));
    arena_finish(&a);
}

static void test_clock_iso(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-08-01T14:00:00.070144Z", true, 1785592800070},
        {"2024-02-03T04:05:06+01:00", true, 1706929506000},
        {"2024-02-29", true, 1709164800000},
        {"2023-02-29", false, 0},
        {"2024-01-01T24:00:00Z", false, 0},
        {"2024-01-01T00:00:00+0130", true, 1704061800000},
        {"2024-01-01 00:00:00", true, 1704067200000},
        {"2024-01-01T00:00:00Zjunk", false, 0},
        {"not a date", false, 0},
        {"1970-01-01T00:00:00+01:00", false, 0},
        {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;

        assert_int_equal(clock_parse_iso(str_from(cases[i].text), &got), cases[i].ok);
        assert_true(got == cases[i].want);
    }
}

static void test_clock_round_trip(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 253402300800000LL; t += 86400000LL * 37 + 12345678) {
        char text[CLOCK_ISO_LEN + 1];
        int64_t back = -1;

        clock_format_iso(t, text);
        assert_true(clock_parse_iso(str_from(text), &back));
        assert_true(back == t);
    }
}

static void test_clock_span(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0, "0s"}, {59999, "59s"}, {60000, "1m"}, {3600000 + 5 * 60000, "1h 5m"}, {7200000, "2h"},
        {2 * 86400000LL + 4 * 3600000, "2d 4h"}, {-90000, "-1m"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        clock_format_span(cases[i].ms, text);
        assert_string_equal(text, cases[i].want);
    }
    clock_format_span(INT64_MIN, text);
    assert_int_equal(text[0], '-');
}

static void test_clock_can_be_set(void **state)
{
    (void)state;
    clock_set(1234);
    assert_int_equal(clock_now_ms(), 1234);
    clock_set(-1);
    assert_true(clock_now_ms() > 1700000000000LL);
}

static void test_errors_carry_context(void **state)
{
    struct error err = {0};
    char long_text[3000];

    (void)state;
    assert_int_equal(error_errno(&err, ENOENT, "open '%s'", "x.yaml"), -ENOENT);
    assert_int_equal(error_prefix(&err, err.code, "config"), -ENOENT);
    assert_string_equal(err.text, "config: open 'x.yaml': No such file or directory");
    assert_int_equal(error_set(NULL, -EINVAL, "nobody listens"), -EINVAL);

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    error_set(&err, -EINVAL, "%s", long_text);
    assert_string_equal(err.text + strlen(err.text) - 3, "...");
    error_prefix(&err, -EINVAL, "outer");
    assert_memory_equal(err.text, "outer: x", 8);
    assert_true(strlen(err.text) < sizeof(err.text));
}

static void test_log_repeats_double(void **state)
{
    struct log_repeat repeat = {0};
    unsigned said = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        said += log_repeat_due(&repeat);
    assert_int_equal(said, 7); /* 1 2 4 8 16 32 64 */
    assert_int_equal(log_repeat_over(&repeat), 100);
    assert_true(log_repeat_due(&repeat));
}

/* What log_write() says, with standard error in a pipe. */
static void catch_line(char *ret_line, size_t size, enum log_format format)
{
    int pipe_fds[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    log_set_format(format);
    log_warn("poll failed", field_text("source", "tags"), field_int("wait_ms", 40),
             field_str("error", STR("line one\nwarn forged: \x1b[31m")));
    log_set_format(LOG_TEXT);
    dup2(saved, STDERR_FILENO);
    n = read(pipe_fds[0], ret_line, size - 1);
    assert_true(n > 0);
    ret_line[n] = '\0';
    close(saved);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void test_log_lines(void **state)
{
    char line[1000];

    (void)state;
    clock_set(0);
    catch_line(line, sizeof(line), LOG_TEXT);
    assert_string_equal(line, "1970-01-01T00:00:00.000Z warn test: poll failed source=tags wait_ms=40 "
                              "error=\"line one\\nwarn forged: \\u001b[31m\"\n");
    catch_line(line, sizeof(line), LOG_JSON);
    assert_string_equal(line, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warn\",\"module\":"
                              "\"test\",\"message\":\"poll failed\",\"source\":\"tags\",\"wait_ms\":40,"
                              "\"error\":\"line one\\nwarn forged: \\u001b[31m\"}\n");
    clock_set(-1);
}

static void test_log_debug_by_module(void **state)
{
    static const char *const wanted[] = {"net"};

    (void)state;
    assert_false(log_enabled(LOG_DEBUG, "net"));
    log_set_debug_modules(wanted, 1);
    assert_true(log_enabled(LOG_DEBUG, "net"));
    assert_false(log_enabled(LOG_DEBUG, "poller"));
    log_set_debug_modules(NULL, 0);
}

/* Of files mapped into this process: what is resident. */
static long mapped_file_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        sscanf(line, "RssFile: %ld kB", &kb);
    fclose(status);
    assert_true(kb >= 0);
    return kb;
}

static void test_memory_rests_and_comes_back(void **state)
{
    char shown[CLOCK_ISO_LEN + 1];
    long before = mapped_file_kb();

    (void)state;
    for (int i = 0; i < 3; i++) {
        memory_rest();
        assert_true(mapped_file_kb() < before);
        clock_format_iso(0, shown);
        assert_string_equal(shown, "1970-01-01T00:00:00.000Z");
    }
}

static void test_json_fields(void **state)
{
    struct buf b = BUF_INIT(64);

    (void)state;
    buf_append_char(&b, '{');
    buf_append_json_field(&b, STR("a"), STR("{"));
    buf_append_json_field(&b, STR("b\""), STR(""));
    buf_append_str(&b, STR(",\"c\":{"));
    buf_append_json_field(&b, STR("d"), STR("x"));
    assert_text(buf_str(&b), "{\"a\":\"{\",\"b\\\"\":\"\",\"c\":{\"d\":\"x\"");
    buf_finish(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str_numbers),
        cmocka_unit_test(test_json_fields),
        cmocka_unit_test(test_str_pieces),
        cmocka_unit_test(test_str_nearest),
        cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_buf_json),
        cmocka_unit_test(test_buf_numbers),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_clock_iso),
        cmocka_unit_test(test_clock_round_trip),
        cmocka_unit_test(test_clock_span),
        cmocka_unit_test(test_clock_can_be_set),
        cmocka_unit_test(test_errors_carry_context),
        cmocka_unit_test(test_log_repeats_double),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_log_debug_by_module),
        cmocka_unit_test(test_memory_rests_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

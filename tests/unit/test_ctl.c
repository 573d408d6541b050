/* mentionctl's pieces that need no Redis: options, times, what reaches a terminal, tables,
 * verdicts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/args.h"
#include "ctl/out.h"
#include "ctl/table.h"
#include "ctl/verdict.h"
#include "ctl/when.h"

static void assert_text(struct str got, const char *want)
{
    assert_string_equal(got.len ? got.s : "", want);
    assert_int_equal(got.len, strlen(want));
}

/* ---- options -------------------------------------------------------------------------------- */

struct taken {
    bool flag;
    struct str text, choice;
    struct span_arg wait;
    int64_t time_ms;
    struct list_arg list;
};

static const char *const colours[] = {"red", "green", NULL};

static const struct arg taken_args[] = {
    {"flag", 'f', ARG_FLAG, offsetof(struct taken, flag), NULL, NULL, ""},
    {"text", 't', ARG_TEXT, offsetof(struct taken, text), "TEXT", NULL, ""},
    {"colour", 0, ARG_CHOICE, offsetof(struct taken, choice), "COLOUR", colours, ""},
    {"wait", 'w', ARG_SPAN, offsetof(struct taken, wait), "[SECONDS]", NULL, ""},
    {"time", 0, ARG_TIME, offsetof(struct taken, time_ms), "TIME", NULL, ""},
    {"list", 'l', ARG_LIST, offsetof(struct taken, list), "COLOUR", colours, ""},
    {0},
};

static int parse(const char *line, struct taken *taken, struct words *words, struct error *err)
{
    static char storage[512]; /* the words borrow from it */
    const struct arg_target target = {taken_args, taken};
    char *argv[32] = {storage};
    int argc = 1;

    snprintf(storage, sizeof(storage), "%s", line);
    for (char *word = strtok(storage, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    *taken = (struct taken){0};
    *words = (struct words){0};
    return args_parse(&target, 1, argc, argv, false, words, err);
}

static void test_options(void **state)
{
    struct taken taken;
    struct words words;
    struct error err;

    (void)state;
    assert_true(parse("a -f --text=x --colour green b --list red -l green", &taken, &words, &err) >
                0);
    assert_true(taken.flag);
    assert_text(taken.text, "x");
    assert_text(taken.choice, "green");
    assert_int_equal(words.n, 2);
    assert_string_equal(words.items[1], "b");
    assert_int_equal(taken.list.n, 2);
    assert_text(taken.list.items[1], "green");
    assert_true(parse("-- -f", &taken, &words, &err) > 0);
    assert_false(taken.flag);
    assert_string_equal(words.items[0], "-f");
    assert_true(parse("--time 1970-01-02T00:00:00Z", &taken, &words, &err) > 0);
    assert_true(taken.time_ms == 86400000);
}

static void test_optional_values(void **state)
{
    static const struct {
        const char *line;
        int64_t ms;
        size_t n_words;
    } cases[] = {
        {"--wait", -1, 0},          {"--wait 30", 30000, 0}, {"--wait=2m", 120000, 0},
        {"-w 5s x", 5000, 1},       {"--wait x", -1, 1},     {"--wait mastodon:1", -1, 1},
        {"x --wait --flag", -1, 1},
    };
    struct taken taken;
    struct words words;
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(parse(cases[i].line, &taken, &words, &err) > 0);
        assert_true(taken.wait.given);
        assert_true(taken.wait.ms == cases[i].ms);
        assert_int_equal(words.n, cases[i].n_words);
    }
}

static void test_wrong_options(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"--flog", "did you mean --flag?"},
        {"--zzzzz", "unknown option --zzzzz"},
        {"-z", "unknown option -z"},
        {"--text", "option --text needs a value"},
        {"--text=", "the value is empty"},
        {"--flag=1", "takes no value"},
        {"--colour gren", "did you mean 'green'?"},
        {"--colour blue", "is none of red, green"},
        {"--list blue", "is none of red, green"},
        {"--wait=soon", "'soon' is no span of time"},
        {"--wait=0", "is no span of time"},
        {"--time now", "'now' is no time"},
    };
    struct taken taken;
    struct words words;
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(parse(cases[i].line, &taken, &words, &err), -EINVAL);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].line, err.text);
    }
}

/* ---- times ---------------------------------------------------------------------------------- */

static void test_times(void **state)
{
    static const struct {
        int64_t then_ms;
        const char *ago, *due;
    } cases[] = {
        {1000000000, "just now", "due now"},
        {1000000000 - 12 * 60000, "12m ago", "overdue 12m"},
        {1000000000 + 3 * 60000 - 200, "in 3m", "due in 3m"},
        {1000000000 - 5000, "5s ago", "overdue 5s"},
    };
    char text[WHEN_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        when_ago(cases[i].then_ms, 1000000000, text);
        assert_string_equal(text, cases[i].ago);
        when_due(cases[i].then_ms, 1000000000, text);
        assert_string_equal(text, cases[i].due);
    }
}

static void test_clock_says_the_day_when_it_is_another(void **state)
{
    int64_t noon_ms = 1795262400000; /* 2026-11-21T12:00:00Z */
    char text[WHEN_TEXT];

    (void)state;
    setenv("TZ", "UTC", 1);
    when_clock(noon_ms + 180000, noon_ms, text);
    assert_string_equal(text, "12:03");
    when_clock(noon_ms - 86400000, noon_ms, text);
    assert_string_equal(text, "20 Nov 12:00");
    when_clock(noon_ms - 365LL * 86400000, noon_ms, text);
    assert_string_equal(text, "21 Nov 2025 12:00");
    when_stamp(noon_ms + 7000, text);
    assert_string_equal(text, "2026-11-21 12:00:07");
}

/* ---- terminals ------------------------------------------------------------------------------ */

static struct out terminal(size_t width, bool color)
{
    return (struct out){
        .buf = BUF_INIT(OUT_MAX), .fd = -1, .tty = true, .color = color, .width = width};
}

static void test_json_keeps_its_value_but_not_its_power(void **state)
{
    struct out out = terminal(80, false);

    (void)state;
    out_json(&out,
             STR("{\"a\":\"\xC2\x9B"
                 "1m \xE2\x80\xAE \x7F \xD8\x9C \xE2\x81\xA6 \xC3\xA9 \xE2\x80\x94\",\n\"b\":1}"));
    assert_text(
        buf_str(&out.buf),
        "{\"a\":\"\\u009b1m \\u202e \\u007f \\u061c \\u2066 \xC3\xA9 \xE2\x80\x94\", \"b\":1}\n");
    out_finish(&out);
}

static void test_posts_are_wrapped_and_marked(void **state)
{
    static const struct {
        const char *text;
        struct span mark;
        size_t width;
        const char *want;
    } cases[] = {
        {"one two three", {4, 7}, 0, "  one [two] three\n"},
        {"one two three", {0, 7}, 0, "  [one two] three\n"},
        {"one two three", {2, 5}, 0, "  on[e t]wo three\n"},
        {"one two three", {4, 13}, 10, "  one [two]\n  [three]\n"},
        {"one\n\ntwo", {0, 3}, 0, "  [one]\n  \n  two\n"},
        {"one", {0, 99}, 0, "  one\n"},
        {"one", {2, 1}, 0, "  one\n"},
        {"", {0, 0}, 0, "  \n"},
        {"averyverylongword x", {0, 0}, 8, "  averyverylongword\n  x\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_finish) struct buf want = BUF_INIT(1024);
        struct out out = terminal(cases[i].width, true);

        buf_append_str(&want, STR("\x1b[2m  \x1b[0m"));
        for (const char *at = cases[i].want + 2; *at; at++) {
            if (*at == '[' || *at == ']')
                buf_append_str(&want, *at == '[' ? STR("\x1b[1;4m") : STR("\x1b[0m"));
            else
                buf_append_char(&want, *at);
        }
        out_post(&out, "", 2, str_from(cases[i].text), &cases[i].mark, 1);
        assert_text(buf_str(&out.buf), want.data);
        out_finish(&out);
    }
}

static void test_fit(void **state)
{
    static const struct {
        const char *text;
        size_t width;
        const char *want;
        size_t used;
    } cases[] = {
        {"abc", 3, "abc", 3},
        {"abcd", 3, "ab\xE2\x80\xA6", 3},
        {"\xE6\x97\xA5\xE6\x9C\xAC", 4, "\xE6\x97\xA5\xE6\x9C\xAC", 4},
        {"\xE6\x97\xA5\xE6\x9C\xAC", 3, "\xE6\x97\xA5\xE2\x80\xA6", 3},
        {"\xE6\x97\xA5\xE6\x9C\xAC", 2, "\xE2\x80\xA6", 1},
        {"abc", 0, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_finish) struct buf got = BUF_INIT(100);

        assert_int_equal(out_fit(str_from(cases[i].text), cases[i].width, &got), cases[i].used);
        assert_text(buf_str(&got), cases[i].want);
    }
}

static void test_tables(void **state)
{
    static const struct column columns[] = {{"ID", false, 0}, {"N", true, 0}, {"TEXT", false, 4}};
    static const struct {
        size_t width;
        const char *want;
    } cases[] = {
        {0, "ID    N  TEXT\nabc  12  some longer text\n"},
        {20, "ID    N  TEXT\nabc  12  some longe\xE2\x80\xA6\n"},
        {13, "ID    N  TEXT\nabc  12  som\xE2\x80\xA6\n"},
        {8, "ID    N\nabc  12\n"},
        {2, "ID\na\xE2\x80\xA6\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct out out = terminal(cases[i].width, false);
        struct table t;

        table_init(&t, columns, ARRAY_LEN(columns));
        table_cell(&t, STYLE_PLAIN, STR("abc"));
        table_cell_printf(&t, STYLE_PLAIN, "%d", 12);
        table_cell(&t, STYLE_PLAIN, STR("some longer text"));
        table_print(&t, &out);
        assert_text(buf_str(&out.buf), cases[i].want);
        table_finish(&t);
        out_finish(&out);
    }
}

static void test_flush_says_what_is_wrong(void **state)
{
    struct out out = terminal(80, false);
    struct error err;

    (void)state;
    out_printf(&out, "x");
    assert_int_equal(out_flush(&out, &err), -EBADF);
    assert_non_null(strstr(err.text, "writing the output: "));
    out_finish(&out);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static void test_verdict_lines(void **state)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(4096);
    struct mention m;

    (void)state;
    mention_init(&m);
    m.class = CLASS_OUTAGE;
    m.score = m.scores[CLASS_OUTAGE] = 5;
    m.hits[m.n_hits++] = (struct mention_hit){STR("en/a\"b"), CLASS_OUTAGE, 5, 1, 4};
    m.captures[m.n_captures++] = (struct mention_capture){STR("topic"), STR("app")};
    m.captures[m.n_captures++] = (struct mention_capture){STR("place"), STR("Leeds")};
    m.captures[m.n_captures++] = (struct mention_capture){STR("topic"), STR("login")};
    verdict_to_json(&m, STR("\"x\""), &json);
    assert_text(buf_str(&json),
                "{\"id\":\"x\",\"label\":\"outage\",\"score\":5,"
                "\"scores\":{\"outage\":5,\"complaint\":0,\"praise\":0},"
                "\"hits\":[{\"rule\":\"en/"
                "a\\\"b\",\"class\":\"outage\",\"score\":5,\"start\":1,\"end\":4}],"
                "\"captures\":{\"topic\":[\"app\",\"login\"],\"place\":[\"Leeds\"]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_optional_values),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_clock_says_the_day_when_it_is_another),
        cmocka_unit_test(test_json_keeps_its_value_but_not_its_power),
        cmocka_unit_test(test_posts_are_wrapped_and_marked),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_flush_says_what_is_wrong),
        cmocka_unit_test(test_verdict_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Laying out YAML: what moves, what must not, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/layout.h"

static void assert_laid_out(const char *text, const char *want)
{
    CLEANUP(buf_finish) struct buf got = BUF_INIT(1 << 20);
    CLEANUP(buf_finish) struct buf again = BUF_INIT(1 << 20);
    struct error err;

    if (layout_format(str_from(text), &got, &err) < 0)
        fail_msg("'%s': %s", text, err.text);
    if (!str_eq(buf_str(&got), str_from(want)))
        fail_msg("'%s' became\n'%s', wanted\n'%s'", text, got.data, want);
    assert_int_equal(layout_format(buf_str(&got), &again, &err), 0);
    assert_true(str_eq(buf_str(&got), buf_str(&again)));
}

static void test_layout(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"\n\n# only this\n\n\n", "# only this\n"},
        {"a:   1", "a: 1\n"},
        {"a: 1  # why \r\nb: 2\r\n", "a: 1  # why\nb: 2\n"},
        {"\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"},
        {"a:\n- x\n-   y\n", "a:\n  - x\n  - y\n"},
        {"a:\n      b:\n        c: 1\n      d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n"},
        {"a:\n-   id: x\n    b: y\n", "a:\n  - id: x\n    b: y\n"},
        {"a:\n  -\n      id: x\n      b: y\n", "a:\n  -\n    id: x\n    b: y\n"},
        {"a:\n- -  x\n  -  y\n", "a:\n  - - x\n    - y\n"},
        {"a:\n    x\n", "a:\n  x\n"},
        /* what belongs together moves together */
        {"a:\n    b: [x,\n        y,  # why\n        z]\n", "a:\n  b: [x,\n      y,  # why\n      z]\n"},
        {"a:\n    b: |\n        one\n          two\n\n        three\n",
         "a:\n  b: |\n      one\n        two\n\n      three\n"},
        {"a:\n    b: \"x\n       y\"\n", "a:\n  b: \"x\n     y\"\n"},
        /* strings keep their spaces and what only looks like a comment */
        {"a: 'x   # y'\nb: { c:   d }\n", "a: 'x   # y'\nb: { c:   d }\n"},
        {"a: |\n  # no comment\n  x: -  y\n", "a: |\n  # no comment\n  x: -  y\n"},
        {"a: é\nüb:   ö\n", "a: é\nüb: ö\n"},
        {"---\na:   1\n...\n", "---\na: 1\n...\n"},
        {"a:   &x 1\nb:   *x\n", "a: &x 1\nb: *x\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_laid_out(cases[i].text, cases[i].want);
}

static void test_comments_go_with_what_they_are_about(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a:\n    # of b\n    b: 1\n", "a:\n  # of b\n  b: 1\n"},
        {"a:\n    b: 1\n    # after b\nc: 2\n", "a:\n  b: 1\n  # after b\nc: 2\n"},
        {"a:\n    b: 1\n# of c\nc: 2\n", "a:\n  b: 1\n# of c\nc: 2\n"},
        {"a:\n- x\n# of y\n- y\n# the end\n", "a:\n  - x\n  # of y\n  - y\n# the end\n"},
        {"a:\n    b: 1\n    # the end\n", "a:\n  b: 1\n  # the end\n"},
        {"a:\n  # askew\n    b: 1\n", "a:\n  # askew\n  b: 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_laid_out(cases[i].text, cases[i].want);
}

static void test_what_cannot_be_laid_out_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"a: [1", "line 2: "},
        {"a: 1\n\tb: 2\n", "line 2: "},
        {"a: 1\rb: 2\n", "carriage return"},
        {"\xef\xbb\xbf" "a: 1\n", "byte order mark"},
        {"a: \"\xff\"\n", "line 1: "},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "nested more than 32 deep"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_finish) struct buf got = BUF_INIT(1 << 20);
        struct error err;

        assert_int_equal(layout_format(str_from(cases[i].text), &got, &err), -EINVAL);
        if (!strstr(err.text, cases[i].why))
            fail_msg("'%s': %s", cases[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_comments_go_with_what_they_are_about),
        cmocka_unit_test(test_what_cannot_be_laid_out_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

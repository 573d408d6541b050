/* HTML of posts to text: the shapes that networks send, and what strangers may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mentiond/text.h"

static const struct {
    const char *html, *want;
} cases[] = {
    {"", ""},
    {"plain", "plain"},
    {"<p>one</p><p>two</p>", "one\n\ntwo"},
    {"one<p>two<p>three", "one\n\ntwo\n\nthree"},
    {"<p>one<br>two<br />three</p>", "one\ntwo\nthree"},
    {"a<br><br>b", "a\n\nb"},
    {"<p>a</p>\n\n<p>b</p>\n", "a\n\nb"},
    {"  lots \n of\t space ", "lots of space"},
    {"<ul><li>first</li><li>second</li></ul>after", "first\nsecond\n\nafter"},
    {"<div>a</div><div>b</div>", "a\nb"},
    {"<pre><code>if (x)\n    y();\n</code></pre>", "if (x)\n    y();"},
    {"bro<b>k</b>en <i>again</i>", "broken again"},
    {"&amp;lt; &lt;b&gt; &quot;x&quot; &#39;y&#x27; &#x2F;", "&lt; <b> \"x\" 'y' /"},
    {"&eacute;&euro;&hellip;&nbsp;x", "\xC3\xA9\xE2\x82\xAC\xE2\x80\xA6\xC2\xA0x"},
    {"&bogus; & &; &#; &#x; AT&T &#zz;", "&bogus; & &; &#; &#x; AT&T &#zz;"},
    {"&#0;&#xD800;&#x110000;&#99999999;", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"&#146;", "\xE2\x80\x99"},
    {"<!-- secret --><script>alert(1)</script><style>p{}</style>shown", "shown"},
    {"<SCRIPT>a</b></SCRIPT>x", "x"},
    {"<script>never closed", ""},
    {"a < b, I <3 you, 1<2", "a < b, I <3 you, 1<2"},
    {"cut off <a href=\"x", "cut off <a href=\"x"},
    {"<a title=\"a > b\" href=\"https://x.example/\">link</a>", "link"},
    {"<p><span class=\"h-card\"><a href=\"https://m.example/@acme\">@<span>acme</span></a></span> hi</p>",
     "@acme hi"},
    {"<a href=\"https://a.example/b/c-d\"><span class=\"invisible\">https://</span><span "
     "class=\"ellipsis\">a.example/b</span><span class=\"invisible\">/c-d</span></a>",
     "https://a.example/b/c-d"},
    {"see <a href=\"https:&#x2F;&#x2F;a.example&#x2F;long-way-home\" rel=\"nofollow\">https://a.example"
     "/long...</a> now",
     "see https://a.example/long-way-home now"},
    {"<a href='https://a.example/xyz'>a.example/x\xE2\x80\xA6</a>", "https://a.example/xyz"},
    {"<a href=https://a.example/>click here...</a>", "click here..."},
    {"<a href=\"https://a.example/\">never closed", "never closed"},
    {"\xFF\xFE raw", "\xFF\xFE raw"},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF_INIT(1024);
        assert_true(text_from_html(str_from(cases[i].html), &out));
        if (!str_eq(buf_str(&out), str_from(cases[i].want)))
            fail_msg("case %zu: %s\n got \"%.*s\"\nwant \"%s\"", i, cases[i].html,
                     STR_FMT(buf_str(&out)), cases[i].want);
        buf_finish(&out);
    }
}

static void test_appends_and_obeys_the_limit(void **state)
{
    struct buf out = BUF_INIT(12);

    (void)state;
    buf_append_str(&out, STR("CW\n"));
    assert_true(text_from_html(STR("<p>body</p>"), &out));
    assert_string_equal(out.data, "CW\nbody");
    assert_false(text_from_html(STR("longer than the rest"), &out));
    assert_true(out.failed);
    buf_finish(&out);
}

/* Each of these made a naive scanner look at the whole rest of the input for every byte. */
static void test_hostile_input_takes_linear_time(void **state)
{
    static const char *const pieces[] = {"<a", "<!", "&", "<a href=\"", "<script", "</", "<p ='", "<a '>"};
    enum { SIZE = 1 << 20 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf in = BUF_INIT(SIZE + 64), out = BUF_INIT(2 * SIZE);
        while (in.len < SIZE)
            buf_append_str(&in, str_from(pieces[i]));
        assert_true(text_from_html(buf_str(&in), &out));
        buf_finish(&in);
        buf_finish(&out);
    }
}

static void test_unescape_only(void **state)
{
    struct buf out = BUF_INIT(100);

    (void)state;
    assert_true(text_unescape(STR("a &lt;b&gt; &amp;amp; & <i>"), &out));
    assert_string_equal(out.data, "a <b> &amp; & <i>");
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_appends_and_obeys_the_limit),
        cmocka_unit_test(test_hostile_input_takes_linear_time),
        cmocka_unit_test(test_unescape_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* YAML to a tree: each kind of wrong text with its message to the letter, and the limits that keep
 * a hostile file from costing more than a message. */
#include "config_testing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mentiond/buf.h"

struct wrong {
    const char *text;
    const char *want;
};

static const struct wrong wrong_texts[] = {
    {"", "c.yaml: is empty\nc.yaml: 1 error\n"},
    {"# nothing\n", "c.yaml: is empty\nc.yaml: 1 error\n"},
    {"---\n~\n", "c.yaml: is empty\nc.yaml: 1 error\n"},
    {"a: 1\nb:\n\t- x\n", "c.yaml:3:1: not YAML: found character that cannot start any token (a "
                          "tab cannot indent YAML: use "
                          "spaces)\n"
                          "   3 | \t- x\n"
                          "     | ^\n"
                          "c.yaml: 1 error\n"},
    {"terms: [acme, @acme]\n", "c.yaml:1:15: not YAML: found character that cannot start any token "
                               "(text that begins with '@', '%' "
                               "or '`' needs quotes)\n"
                               "   1 | terms: [acme, @acme]\n"
                               "     |               ^\n"
                               "c.yaml: 1 error\n"},
    {"terms: [acme, #acme]\nb: 1\n", "c.yaml:1:8: not YAML: did not find expected ',' or ']' up to "
                                     "line 3 (a list that is not closed? text "
                                     "with '#' needs quotes)\n"
                                     "   1 | terms: [acme, #acme]\n"
                                     "     |        ^\n"
                                     "c.yaml: 1 error\n"},
    {"a: 1\nb: 'open\nc: 2\n", "c.yaml:2:4: not YAML: found unexpected end of stream up to line 4 "
                               "(a quote that is never closed)\n"
                               "   2 | b: 'open\n"
                               "     |    ^\n"
                               "c.yaml: 1 error\n"},
    {"a: b: c\n", "c.yaml:1:5: not YAML: mapping values are not allowed in this context (wrong "
                  "indentation, or text with "
                  "': ' in it that needs quotes)\n"
                  "   1 | a: b: c\n"
                  "     |     ^\n"
                  "c.yaml: 1 error\n"},
    {"a: 1\nb: 2\na: 3\n\"a\": 4\n", "c.yaml:3:1: key 'a' is given twice, first in line 1\n"
                                     "   3 | a: 3\n"
                                     "     | ^\n"
                                     "c.yaml:4:1: key 'a' is given twice, first in line 1\n"
                                     "   4 | \"a\": 4\n"
                                     "     | ^~~\n"
                                     "c.yaml: 2 errors\n"},
    {"a: 1\n--- \nb: 2\n", "c.yaml:2:1: a second document begins here: only one is read\n"
                           "   2 | --- \n"
                           "     | ^\n"
                           "c.yaml: 1 error\n"},
    {"a: &x {b: 1}\nc:\n  <<: *x\n", "c.yaml:3:3: merge keys ('<<') are not supported: write the "
                                     "keys out, or use an alias for the whole "
                                     "value\n"
                                     "   3 |   <<: *x\n"
                                     "     |   ^~\n"
                                     "c.yaml: 1 error\n"},
    {"{[a]: 1, {b: 2}: 3, '': 4}\n", "c.yaml:1:2: a key must be text, not a list\n"
                                     "   1 | {[a]: 1, {b: 2}: 3, '': 4}\n"
                                     "     |  ^\n"
                                     "c.yaml:1:10: a key must be text, not a map\n"
                                     "   1 | {[a]: 1, {b: 2}: 3, '': 4}\n"
                                     "     |          ^\n"
                                     "c.yaml:1:21: a key is missing before ':'\n"
                                     "   1 | {[a]: 1, {b: 2}: 3, '': 4}\n"
                                     "     |                     ^~\n"
                                     "c.yaml: 3 errors\n"},
    {"a: *nothing\nb: &ring [1, *ring]\nc: !thing d\n",
     "c.yaml:1:4: alias '*nothing' has no anchor '&nothing' before it\n"
     "   1 | a: *nothing\n"
     "     |    ^~~~~~~~\n"
     "c.yaml:2:14: alias '*ring' stands inside of what it names\n"
     "   2 | b: &ring [1, *ring]\n"
     "     |              ^~~~~\n"
     "c.yaml:3:4: YAML tags are not supported\n"
     "   3 | c: !thing d\n"
     "     |    ^~~~~~~~\n"
     "c.yaml: 3 errors\n"},
    {"a: \"x\\e[31my\"\n", "c.yaml:1:4: control characters are not allowed, not even escaped\n"
                           "   1 | a: \"x\\e[31my\"\n"
                           "     |    ^~~~~~~~~~\n"
                           "c.yaml: 1 error\n"},
    {"a: 1\nb: caf\xe9 x\n", "c.yaml:2:7: byte 0xE9 is not UTF-8: save the file as UTF-8\n"
                             "   2 | b: caf\xef\xbf\xbd x\n"
                             "     |       ^\n"
                             "c.yaml: 1 error\n"},
    {"\xff\xfe"
     "a",
     "c.yaml: is UTF-16: save the file as UTF-8\nc.yaml: 1 error\n"},
    {"a: \x1b[2J\n", "c.yaml:1:4: character U+001B is not allowed in YAML\n"
                     "   1 | a: \xef\xbf\xbd[2J\n"
                     "     |    ^\n"
                     "c.yaml: 1 error\n"},
    /* columns count characters; the caret stands below the place even where characters are two
       columns wide */
    {"\"\xe6\x97\xa5\xe6\x9c\xac\": *x\n", "c.yaml:1:7: alias '*x' has no anchor '&x' before it\n"
                                           "   1 | \"\xe6\x97\xa5\xe6\x9c\xac\": *x\n"
                                           "     |         ^~\n"
                                           "c.yaml: 1 error\n"},
    /* tabs are kept, so that the caret stays below */
    {"a:\t\t*x\n", "c.yaml:1:5: alias '*x' has no anchor '&x' before it\n"
                   "   1 | a:\t\t*x\n"
                   "     |   \t\t^~\n"
                   "c.yaml: 1 error\n"},
    /* a YAML error on the line of a secret */
    {"x: {password: hunter2, b: @}\n", "c.yaml:1:27: not YAML: found character that cannot start "
                                       "any token (text that begins with '@', '%' "
                                       "or '`' needs quotes)\n"
                                       "   1 | x: {password: **************\n"
                                       "     |                           ^\n"
                                       "c.yaml: 1 error\n"},
    {"url: redis://me:hunter2@host/0 @: @\nb: @\n",
     "c.yaml:1:33: not YAML: mapping values are not allowed in this context (wrong indentation, or "
     "text "
     "with ': ' in it that needs quotes)\n"
     "   1 | url: redis://**********@host/0 @: @\n"
     "     |                                 ^\n"
     "c.yaml: 1 error\n"},
};

static void test_wrong_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong_texts); i++) {
        struct diag d;
        struct config_doc *doc;

        diag_init(&d);
        doc = config_doc_parse("c.yaml", str_from(wrong_texts[i].text), &d);
        assert_printed(&d, wrong_texts[i].want);
        assert_true(!doc || doc->flawed);
        config_doc_destroy(doc);
        diag_finish(&d);
    }
}

static struct config_doc *parse(const char *text, struct diag *d)
{
    diag_init(d);
    return config_doc_parse("c.yaml", str_from(text), d);
}

static void test_tree_keeps_marks(void **state)
{
    struct diag d;
    struct config_doc *doc =
        parse("\xef\xbb\xbf# a comment\r\na:\r\n  b: 'x'\r\n  list: [1, ~, ]\r\n", &d);
    const struct config_node *a, *b, *list;

    (void)state;
    assert_non_null(doc);
    a = config_get(doc->root, "a");
    b = config_get(a, "b");
    list = config_get(a, "list");
    assert_non_null(b);
    assert_true(b->quoted);
    assert_int_equal(b->mark.line, 3);
    assert_int_equal(b->mark.column, 6);
    assert_int_equal(b->mark.width, 3);
    assert_int_equal(list->n, 2);
    assert_int_equal(list->mark.width, 8);
    assert_false(list->items[0]->quoted);
    assert_true(config_is_null(list->items[1]));
    assert_null(config_get(a, "c"));
    assert_null(config_get(b, "c"));
    assert_null(config_get(NULL, "c"));
    assert_int_equal(d.n_errors, 0);
    config_doc_destroy(doc);
    diag_finish(&d);
}

static void test_alias_shares_what_it_names(void **state)
{
    struct diag d;
    struct config_doc *doc = parse("a: &x [1, 2]\nb: *x\n&k key: v\nc: {*k : w}\n", &d);

    (void)state;
    assert_non_null(doc);
    assert_ptr_equal(config_get(doc->root, "a"), config_get(doc->root, "b"));
    assert_non_null(config_get(config_get(doc->root, "c"), "key"));
    assert_int_equal(d.n_errors, 0);
    config_doc_destroy(doc);
    diag_finish(&d);
}

static void test_long_line_is_cut_around_the_place(void **state)
{
    char text[4096], *said;
    struct config_doc *doc;
    struct diag d;

    (void)state;
    memset(text, 'y', sizeof(text));
    memcpy(text, "a: [", 4);
    memcpy(text + 2000, ", *x, ", 6);
    memcpy(text + sizeof(text) - 3, "]\n", 3);
    doc = parse(text, &d);
    assert_non_null(doc);
    said = printed(&d);
    assert_non_null(strstr(said, "c.yaml:1:2003: alias '*x' has no"));
    assert_non_null(strstr(said, "   1 | ...yyyy"));
    assert_non_null(strstr(said, "yyyy, *x, yyyy"));
    assert_non_null(strstr(said, "yyyy...\n     |    "));
    assert_true(strlen(said) < 400);
    free(said);
    config_doc_destroy(doc);
    diag_finish(&d);
}

/* ---- limits -------------------------------------------------------------------------------- */

static void assert_refused(struct str text, const char *why)
{
    struct diag d;
    struct config_doc *doc;
    char *said;

    diag_init(&d);
    doc = config_doc_parse("c.yaml", text, &d);
    assert_null(doc);
    said = printed(&d);
    if (!strstr(said, why))
        fail_msg("expected '%s' in: %s", why, said);
    free(said);
    diag_finish(&d);
}

/* "billion laughs": nine lines that stand for 10^9 values. */
static void test_alias_bomb(void **state)
{
    struct buf text = BUF_INIT(1 << 16);
    clock_t start = clock();

    (void)state;
    buf_printf(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "*a%d,", i - 1);
        buf_printf(&text, "]\n");
    }
    assert_refused(buf_str(&text), "c.yaml:6:10: more than 200000 values");
    assert_true((clock() - start) < CLOCKS_PER_SEC);
    buf_finish(&text);
}

static void test_too_deep(void **state)
{
    struct buf text = BUF_INIT(1 << 20);

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_append_char(&text, '[');
    assert_refused(buf_str(&text), "c.yaml:1:33: nested deeper than 32 levels");
    buf_reset(&text);
    /* each line is one level deeper by its alias */
    buf_printf(&text, "a0: &a0 [x]\n");
    for (int i = 1; i < 40; i++)
        buf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_refused(buf_str(&text), "nested deeper than 32 levels");
    buf_finish(&text);
}

static void test_too_many(void **state)
{
    struct buf text = BUF_INIT(CONFIG_FILE_MAX * 2);

    (void)state;
    for (int i = 0; i < CONFIG_NODES_MAX + 1; i++)
        buf_printf(&text, "- x\n");
    assert_refused(buf_str(&text), "more than 200000 values");
    buf_reset(&text);
    for (int i = 0; i < CONFIG_ANCHORS_MAX + 1; i++)
        buf_printf(&text, "- &a%d x\n", i);
    assert_refused(buf_str(&text), "c.yaml:257:3: more than 256 anchors");
    buf_reset(&text);
    for (int i = 0; i <= CONFIG_FILE_MAX; i++)
        buf_append_char(&text, 'x');
    assert_refused(buf_str(&text), "c.yaml: is larger than 4 MiB");
    buf_finish(&text);
}

/* 99,999 keys, all of them the same: linear work, and no more than DIAG_MAX messages. */
static void test_many_duplicates(void **state)
{
    struct buf text = BUF_INIT(CONFIG_FILE_MAX);
    struct config_doc *doc;
    struct diag d;
    char *said;

    (void)state;
    diag_init(&d);
    for (int i = 0; i < 99999; i++)
        buf_printf(&text, "k: v\n");
    doc = config_doc_parse("c.yaml", buf_str(&text), &d);
    assert_non_null(doc);
    assert_int_equal(d.n_errors, 99998);
    assert_int_equal(d.n_items, DIAG_MAX);
    said = printed(&d);
    assert_non_null(strstr(said, "\nc.yaml: 99798 more not shown\nc.yaml: 99998 errors\n"));
    free(said);
    config_doc_destroy(doc);
    diag_finish(&d);
    buf_finish(&text);
}

/* ---- files --------------------------------------------------------------------------------- */

static char dir[] = "/tmp/test_config.XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static void assert_load_refused(const char *path, const char *why)
{
    struct diag d;
    char want[512], *said;

    diag_init(&d);
    assert_null(config_doc_load(path, &d));
    snprintf(want, sizeof(want), "%s: %s\nc.yaml: 1 error\n", path, why);
    said = printed(&d);
    assert_string_equal(said, want);
    free(said);
    diag_finish(&d);
}

static void test_what_is_no_file(void **state)
{
    char path[64];

    (void)state;
    assert_load_refused(dir, "is a directory, not a file");
    assert_load_refused("/dev/zero", "is not a regular file");
    snprintf(path, sizeof(path), "%s/none.yaml", dir);
    assert_load_refused(path, "cannot be read: No such file or directory");
    snprintf(path, sizeof(path), "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_load_refused(path, "is not a regular file");
    unlink(path);
}

static void test_100_mb_are_not_read(void **state)
{
    char path[64];
    clock_t start = clock();
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/large.yaml", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 100 << 20), 0);
    close(fd);
    assert_load_refused(path, "is 100 MiB large, at most 4 MiB are read");
    assert_true(clock() - start < CLOCKS_PER_SEC / 10);
    unlink(path);
}

/* As another user, when the test runs as root. */
static void test_no_right_to_read(void **state)
{
    char path[64];
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/secret.yaml", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    close(fd);
    if (geteuid() != 0) {
        unlink(path);
        skip();
    }
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(setegid(65534), 0);
    assert_int_equal(seteuid(65534), 0);
    assert_load_refused(path,
                        "cannot be read: permission denied; members of group 'root' may read it");
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    unlink(path);
}

static void test_order_and_consequences(void **state)
{
    struct diag d;
    struct config_doc *doc = parse("a: 1\nb: 2\n", &d);
    struct config_mark first = {1, 1, 1}, second = {2, 4, 1};

    (void)state;
    assert_non_null(doc);
    diag_error(&d, doc, second, "b: is wrong");
    diag_error(&d, doc, second, "b: and so it fits nothing");
    diag_error(&d, doc, second, "c: has to do with it");
    diag_warning(&d, doc, first, "a: is odd\x1b[2J");
    assert_printed(&d, "c.yaml:1:1: warning: a: is odd\xef\xbf\xbd[2J\n"
                       "   1 | a: 1\n"
                       "     | ^\n"
                       "c.yaml:2:4: b: is wrong\n"
                       "   2 | b: 2\n"
                       "     |    ^\n"
                       "c.yaml:2:4: c: has to do with it\n"
                       "   2 | b: 2\n"
                       "     |    ^\n"
                       "c.yaml: 2 errors, 1 warning\n");
    config_doc_destroy(doc);
    diag_finish(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_texts),
        cmocka_unit_test(test_tree_keeps_marks),
        cmocka_unit_test(test_alias_shares_what_it_names),
        cmocka_unit_test(test_long_line_is_cut_around_the_place),
        cmocka_unit_test(test_alias_bomb),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_many_duplicates),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_100_mb_are_not_read),
        cmocka_unit_test(test_no_right_to_read),
        cmocka_unit_test(test_order_and_consequences),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

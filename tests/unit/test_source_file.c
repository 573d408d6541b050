/* file and exec: lines as mentions, offsets, partial and overlong lines, rotation, rebase, exit
 * codes. */
#include "source_rig.h"

extern const struct source_driver source_file, source_exec;

/* Feeds as much of `file` as a request asks for, as the poller would. */
static int feed_file(struct rig *rig, struct str file, int64_t file_id)
{
    size_t start, end;

    rig_prepare(rig);
    start = (size_t)rig->request.offset < file.len ? (size_t)rig->request.offset : file.len;
    end = file.len - start > (size_t)rig->request.max_len ? start + (size_t)rig->request.max_len : file.len;
    rig->reply.file_id = file_id;
    rig->reply.file_len = (int64_t)file.len;
    rig->reply.eof = end == file.len;
    return rig_feed(rig, 0, str_slice(file, start, end));
}

static void start(struct rig *rig, const char *more)
{
    char yaml[200];

    snprintf(yaml, sizeof(yaml), "path: demo.jsonl\n%s", more);
    rig_init(rig, &source_file, yaml, NULL);
}

static void test_lines(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "");
    assert_int_equal(feed_file(&rig, rig_fixture(&rig, "file/lines.jsonl"), 7), 0);
    assert_int_equal(rig.request.kind, REQUEST_READ);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 6);
    assert_int_equal(rig.page.skipped, 3);
    assert_has(rig.page.skipped_note, "line 5: ");
    assert_page_sound(&rig);

    m = &rig.page.mentions[0];
    assert_str(m->id, "file:twx-5");
    assert_str(m->lang, "en");
    assert_str(m->author.id, "post:file:twx-5");
    assert_int_equal(m->created_at_ms, RIG_NOW);
    m = &rig.page.mentions[1];
    assert_str(m->id, "forum:9007199254740993");
    assert_str(m->text, "acme \xF0\x9F\x98\xA1 & <b>no</b>");
    assert_int_equal(m->created_at_ms, 1795281600000);
    assert_str(m->author.id, "@ana");
    assert_str(m->author.handle, "ana");
    m = &rig.page.mentions[2];
    assert_int_equal(m->created_at_ms, RIG_NOW - 12 * 60000);
    assert_str(m->author.id, "u7");
    assert_int_equal(m->author.followers, 1200);
    assert_str(m->author.location, "Leeds");
    assert_str(m->conversation, "c1");
    assert_str(m->in_reply_to, "7");
    assert_int_equal(m->n_named, 1);
    assert_int_equal(rig.page.mentions[3].created_at_ms, 1795276800000);
    m = &rig.page.mentions[4];
    assert_str(m->id, "mastodon:https://example.social/1");
    assert_int_equal(m->class, CLASS_NONE);
    assert_int_equal(m->n_hits, 0);
    assert_int_equal(m->fetched_at_ms, RIG_NOW);
    assert_int_equal(rig.page.mentions[5].created_at_ms, 1795281600123);
    rig_finish(&rig);
}

/* However the file is cut into reads, each line comes once. */
static void test_growing_file(void **state)
{
    struct str text = STR("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"}\"}\n{\"id\":3,\"text\":\"c\"}");

    (void)state;
    for (size_t cut = 0; cut <= text.len; cut++) {
        struct rig rig;
        size_t n = 0;

        start(&rig, "");
        for (int round = 0; round < 3; round++) {
            struct str visible = round == 0 ? str_slice(text, 0, cut) : text;

            assert_int_equal(feed_file(&rig, visible, 7), 0);
            assert_int_equal(rig.step.kind, visible.len == 0 ? STEP_DONE : rig.step.kind);
            assert_int_equal(rig.page.skipped, 0);
            for (size_t i = 0; i < rig.page.n_mentions; i++)
                assert_int_equal(rig.page.mentions[i].id.s[5] - '0', ++n);
            rig.at = rig.step.cursor;
        }
        assert_int_equal(n, 3);
        rig_finish(&rig);
    }
}

static void test_overlong_lines_are_skipped(void **state)
{
    struct rig rig;
    struct buf text = BUF_INIT(RIG_BODY_MAX);
    size_t n = 0, skipped = 0;

    (void)state;
    start(&rig, "");
    buf_append_str(&text, STR("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\""));
    for (int i = 0; i < 70 * 1024; i++)
        buf_append_str(&text, STR("0123456789"));
    buf_append_str(&text, STR("\"}\n{\"id\":3,\"text\":\"c\"}\n"));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(feed_file(&rig, buf_str(&text), 7), 0);
        n += rig.page.n_mentions;
        skipped += rig.page.skipped;
        rig.at = rig.step.cursor;
        if (rig.step.kind == STEP_DONE)
            break;
    }
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(n, 2);
    assert_int_equal(skipped, 1);
    buf_finish(&text);
    rig_finish(&rig);
}

static void test_rotated_and_cut_files_start_over(void **state)
{
    struct str old = STR("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"b\"}\n");
    struct str fresh = STR("{\"id\":3,\"text\":\"c\"}\n");
    struct rig rig;

    (void)state;
    for (int64_t file_id = 7; file_id <= 8; file_id++) { /* cut short, replaced */
        start(&rig, "");
        assert_int_equal(feed_file(&rig, old, 7), 0);
        assert_int_equal(rig.page.n_mentions, 2);
        rig.at = rig.step.cursor;
        assert_int_equal(feed_file(&rig, fresh, file_id), 0);
        assert_int_equal(rig.page.n_mentions, 0);
        assert_int_equal(rig.step.kind, STEP_PAGE);
        rig.at = rig.step.cursor;
        assert_int_equal(feed_file(&rig, fresh, file_id), 0);
        assert_int_equal(rig.page.n_mentions, 1);
        assert_str(rig.page.mentions[0].id, "file:3");
        assert_int_equal(rig.step.kind, STEP_DONE);
        rig_finish(&rig);
    }
}

static void test_rebase_moves_the_newest_to_now(void **state)
{
    struct str text = STR("{\"id\":1,\"text\":\"a\",\"created_at\":1500000000}\n"
                          "{\"id\":2,\"text\":\"b\",\"created_at\":1500000600}\n"
                          "{\"id\":3,\"text\":\"c\",\"created_at\":1500000300}\n"
                          "{\"id\":4,\"text\":\"d\",\"ago\":\"5m\"}\n");
    struct rig rig;

    (void)state;
    start(&rig, "rebase: now\n");
    assert_int_equal(feed_file(&rig, text, 7), 0);
    assert_int_equal(rig.page.n_mentions, 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig.at = rig.step.cursor;
    assert_int_equal(feed_file(&rig, text, 7), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.mentions[0].created_at_ms, RIG_NOW - 600000);
    assert_int_equal(rig.page.mentions[1].created_at_ms, RIG_NOW);
    assert_int_equal(rig.page.mentions[2].created_at_ms, RIG_NOW - 300000);
    assert_int_equal(rig.page.mentions[3].created_at_ms, RIG_NOW - 300000);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_many_lines_take_several_pages(void **state)
{
    struct rig rig;
    struct buf text = BUF_INIT(RIG_BODY_MAX);
    size_t n = 0;

    (void)state;
    start(&rig, "");
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "{\"id\":%d,\"text\":\"x\"}\n", i);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(feed_file(&rig, buf_str(&text), 7), 0);
        n += rig.page.n_mentions;
        rig.at = rig.step.cursor;
        if (rig.step.kind == STEP_DONE)
            break;
    }
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(n, 5000);
    buf_finish(&text);
    rig_finish(&rig);
}

/* The bundled demo: every line is a mention, the newest a minute old, and replies find their
 * posts. */
static void test_demo(void **state)
{
    struct rig rig;
    size_t replies = 0;

    (void)state;
    start(&rig, "rebase: now\n");
    assert_int_equal(feed_file(&rig, rig_fixture(&rig, "../../docs/demo.jsonl"), 7), 0);
    rig.at = rig.step.cursor;
    assert_int_equal(feed_file(&rig, rig_fixture(&rig, "../../docs/demo.jsonl"), 7), 0);
    assert_int_equal(rig.page.n_mentions, 60);
    assert_int_equal(rig.page.skipped, 0);
    assert_page_sound(&rig);
    assert_int_equal(rig.page.mentions[59].created_at_ms, RIG_NOW - 60000);
    for (size_t i = 0; i < rig.page.n_mentions; i++) {
        const struct mention *m = &rig.page.mentions[i];
        bool found = m->in_reply_to.len == 0;

        assert_has(m->url, "https://");
        for (size_t k = 0; k < i && !found; k++)
            found = str_ends_with(rig.page.mentions[k].id, m->in_reply_to);
        assert_true(found);
        replies += m->in_reply_to.len > 0;
    }
    assert_true(replies >= 10);
    rig_finish(&rig);
}

/* ---- exec ---------------------------------------------------------------------------------- */

static void start_exec(struct rig *rig)
{
    rig_init(rig, &source_exec, "argv: [/usr/bin/report, --json, \"a b\"]\nnetwork: desk\ntimeout: 5s\n",
             NULL);
    rig->at.low = STR("41");
    rig_prepare(rig);
    rig->reply.exit_status = 0;
    rig->reply.stderr_line = STR("");
}

static void test_exec_request(void **state)
{
    struct rig rig;

    (void)state;
    start_exec(&rig);
    assert_int_equal(rig.request.kind, REQUEST_EXEC);
    assert_string_equal(rig.request.argv[0], "/usr/bin/report");
    assert_string_equal(rig.request.argv[2], "a b");
    assert_null(rig.request.argv[3]);
    assert_string_equal(rig.request.env[0], "MENTIOND_CURSOR=41");
    assert_null(rig.request.env[1]);
    assert_int_equal(rig.request.timeout_ms, 5000);
    rig_finish(&rig);
}

static void test_exec_output(void **state)
{
    struct rig rig;

    (void)state;
    start_exec(&rig);
    assert_int_equal(rig_feed(&rig, 0, STR("{\"id\":1,\"text\":\"a\"}\nWarning: x\n{\"cursor\":42}\n"
                                           "{\"id\":2,\"text\":\"b\"}")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_str(rig.page.mentions[1].id, "desk:2");
    assert_int_equal(rig.page.skipped, 1);
    assert_has(rig.page.skipped_note, "line 2: ");
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "42");

    assert_int_equal(rig_feed(&rig, 0, STR("")), 0);
    assert_str(rig.step.cursor.low, "41");
    rig_finish(&rig);
}

static void test_exec_failures_move_nothing(void **state)
{
    struct rig rig;
    struct buf text = BUF_INIT(RIG_BODY_MAX);

    (void)state;
    start_exec(&rig);
    rig.reply.exit_status = 3;
    rig.reply.stderr_line = STR("no route to desk");
    assert_int_equal(rig_feed(&rig, 0, STR("{\"id\":1,\"text\":\"a\"}\n")), 0);
    assert_int_equal(rig.step.kind, STEP_RETRY);
    assert_str(rig.step.reason, "exit status 3: no route to desk");
    rig.reply.exit_status = -9;
    rig.reply.stderr_line = STR("");
    assert_int_equal(rig_feed(&rig, 0, STR("")), 0);
    assert_str(rig.step.reason, "ended by signal 9");

    rig.reply.exit_status = 0;
    for (int i = 0; i <= SOURCE_PAGE_MENTIONS_MAX; i++)
        buf_printf(&text, "{\"id\":%d,\"text\":\"x\"}\n", i);
    assert_int_equal(rig_feed(&rig, 0, buf_str(&text)), 0);
    assert_int_equal(rig.step.kind, STEP_RETRY);
    buf_finish(&text);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_growing_file),
        cmocka_unit_test(test_overlong_lines_are_skipped),
        cmocka_unit_test(test_rotated_and_cut_files_start_over),
        cmocka_unit_test(test_rebase_moves_the_newest_to_now),
        cmocka_unit_test(test_many_lines_take_several_pages),
        cmocka_unit_test(test_demo),
        cmocka_unit_test(test_exec_request),
        cmocka_unit_test(test_exec_output),
        cmocka_unit_test(test_exec_failures_move_nothing),
    };

    json_init();
    return cmocka_run_group_tests_name("source_file", tests, NULL, NULL);
}

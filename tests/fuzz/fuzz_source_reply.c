/* Any reply to any driver: the first byte picks the driver, the second the state of its cursor and
 * session, the third the status; the rest is the body. Whatever comes out can be stored or is
 * refused with words. */
#include <errno.h>
#include <stdlib.h>

#include "mentiond/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795282200000

static const struct {
    const char *driver, *options;
} fuzzed[] = {
    {"mastodon", "instance: https://example.social\nhashtags: [acme]\n"},
    {"bluesky", "query: acme\n"},
    {"hackernews", "query: acme\n"},
    {"file", "path: x.jsonl\nrebase: now\n"},
    {"exec", "argv: [x]\n"},
    {"discourse", "forum: https://forum.example/sub\n"},
    {"discourse", "forum: https://forum.example\nquery: acme\n"},
    {"github", "query: acme\n"},
    {"github", "query: acme\nlook: discussions\n"},
    {"github", "look: comments\nrepository: acme/acme\n"},
    {"lemmy", "instance: https://l.example\nquery: acme\n"},
    {"lemmy", "instance: https://l.example\ncommunity: acme\n"},
    {"stackexchange", "site: stackoverflow\nquery: acme\n"},
    {"reddit", "subreddits: [acme]\n"},
    {"reddit", "query: acme\n"},
    {"threads", "query: acme\n"},
    {"facebook", "edge: feed\n"},
    {"instagram", "watch: comments\n"},
    {"instagram", "watch: hashtag\nhashtag: acme\n"},
    {"youtube", "query: acme\n"},
    {"youtube", "comments_of: UCabcdefghijklmnopqrstuv\n"},
    {"appstore", "app: '835599320'\n"},
    {"googleplay", "package: com.acme.app\n"},
    {"x", "query: acme\n"},
    {"x", "mentions_of: '@acme'\n"},
    {"mastodon", "instance: https://example.social\nlook: mentions\n"},
    {"mastodon", "instance: https://example.social\nquery: acme\n"},
    {"bluesky", "look: mentions\n"},
    {"telegram", "private_chats: true\n"},
    {"discord", "guild: '1'\nchannel: '2'\n"},
    {"feed", "url: https://forum.example/feed\n"},
    {"json", "url: 'https://a.example/?p={page}'\npaging: token\nnext_at: /next\nitems_at: /items\n"
             "text_at: [/title, /text]\ntime_at: /at\nauthor_at: /by/0\nlikes_at: /n\ngone_at: /gone\n"},
    {"json", "url: 'https://a.example/?c={cursor}'\ncursor_at: /-/id\ntext_at: [/t~1x]\n"},
    {"push", "secret: '${S}'\n"},
};
static const int statuses[] = {200, 200, 200, 200, 206, 302, 400, 401, 403, 404, 429, 500};
static const struct source_cursor cursors[] = {
    {0},
    {.low = {"1795280400", 10}},
    {.low = {"1795280400000", 13}},
    {.low = {"7 0 0 1795280400000 0 0 1 0", 27}},
    {.low = {"1", 1}, .walking = true, .high = {"9", 1}, .next = {"3 5 4", 5}, .floor = {"1", 1}},
    {.low = {"x", 1}, .walking = true, .high = {"x", 1}, .next = {"x", 1}, .floor = {"x", 1}},
};
static const char *const sessions[] = {
    "", "{\"state\":\"ready\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
    "{\"state\":\"refresh\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
    "@acme=7 fields=tweet",
    "token 1795282100000 1795282900000 0",
};

struct bench {
    struct arena arena;
    struct config_doc *doc;
    struct diag diag;
    struct source_account account;
    struct source src;
    struct source_page page;
};

static bool build(struct bench *b, size_t which)
{
    const struct source_driver *driver = source_driver_find(str_from(fuzzed[which].driver));
    struct option_target target = {driver->options, arena_zalloc(&b->arena, driver->config_size)};

    diag_init(&b->diag);
    b->doc = config_doc_parse("fuzz", str_from(fuzzed[which].options), &b->diag);
    if (!b->doc || !options_decode(&target, 1, "source", b->doc->root, b->doc, &b->diag))
        return false;
    if (driver->needs_account)
        b->account.config = arena_zalloc(&b->arena, driver->account_size);
    b->src = (struct source){.driver = driver, .name = STR("s"), .brand = STR("acme"), .config = target.base,
                             .account = &b->account, .overlap_ms = 3600000, .max_pages = 10,
                             .backfill_ms = 86400000};
    b->page.arena = &b->arena;
    return true;
}

static void check(struct bench *b, int code, const struct source_step *step)
{
    if (code < 0 && code != -EBADMSG && code != -ENOMEM)
        abort();
    if (code == 0 && (step->cursor.low.len > SOURCE_CURSOR_FIELD_MAX ||
                      step->cursor.next.len > SOURCE_CURSOR_FIELD_MAX ||
                      step->session.len > SOURCE_SESSION_MAX))
        abort();
    for (size_t i = 0; i < b->page.n_mentions; i++) {
        struct buf out = BUF_INIT(256 * 1024);

        if (mention_check(&b->page.mentions[i], NULL) == 0)
            mention_to_json(&b->page.mentions[i], &out);
        buf_finish(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct bench b = {0};
    struct http_response http = {0};
    struct source_step step = {0};
    struct source_reply reply;
    struct error err;

    if (size < 3)
        return 0;
    if (!ready)
        json_init();
    ready = true;
    http.status = statuses[data[2] % ARRAY_LEN(statuses)];
    http.body = (struct str){(const char *)data + 3, size - 3};
    reply = (struct source_reply){.http = &http, .body = http.body, .eof = data[1] & 0x80, .file_id = 7,
                                  .file_len = (int64_t)size, .login = data[1] & 0x40,
                                  .received_at_ms = NOW};
    arena_init(&b.arena, 64 * 1024 * 1024);
    if (build(&b, data[0] % ARRAY_LEN(fuzzed))) {
        const struct source_cursor *at = &cursors[data[1] % ARRAY_LEN(cursors)];

        b.account.session = str_from(sessions[data[2] / 64 % ARRAY_LEN(sessions)]);
        if (reply.login && !b.src.driver->needs_account)
            reply.login = false;
        if (b.account.session.len > 0 || reply.login || !b.src.driver->needs_account)
            check(&b, b.src.driver->parse(&b.src, at, &reply, &b.page, &step, &err), &step);
    }
    config_doc_destroy(b.doc);
    diag_finish(&b.diag);
    arena_finish(&b.arena);
    return 0;
}

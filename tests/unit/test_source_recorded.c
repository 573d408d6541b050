/* Every recorded answer beside the repository (../shared/fixtures), where there are any: whatever
 * real servers said is parsed without an error that people would not understand, and every post in
 * it can be stored. Skips where the recordings are absent. */
#include "source_rig.h"

#include <dirent.h>

#include "recorded/app_stores.h"
#include "recorded/bluesky.h"
#include "recorded/chat_platforms.h"
#include "recorded/discourse.h"
#include "recorded/feeds.h"
#include "recorded/github.h"
#include "recorded/lemmy.h"
#include "recorded/mastodon.h"
#include "recorded/meta.h"
#include "recorded/reddit.h"
#include "recorded/stackexchange.h"
#include "recorded/x.h"
#include "recorded/youtube.h"

extern const struct source_driver source_mastodon, source_bluesky, source_hackernews;

struct tally {
    unsigned files, mentions, skipped;
};

static bool recordings_path(char *path, size_t size, const char *network)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    DIR *dir;

    snprintf(path, size, "%s/../shared/fixtures/%s", root ? root : ".", network);
    dir = opendir(path);
    if (dir)
        closedir(dir);
    return dir != NULL;
}

static void beside(char *ret, size_t size, const char *body_path, const char *ending)
{
    snprintf(ret, size, "%.*s%s", (int)(strrchr(body_path, '.') - body_path), body_path, ending);
}

/* {"status": 429, "headers": {…}} beside the body. */
static int read_meta(struct rig *rig, const char *body_path)
{
    char path[1400];
    json_t *meta, *value;
    const char *name;
    int status;

    beside(path, sizeof(path), body_path, ".meta.json");
    meta = json_load_file(path, 0, NULL);
    json_object_foreach(json_object_get(meta, "headers"), name, value) {
        if (rig->http.n_headers < HTTP_HEADERS_MAX)
            rig->http.headers[rig->http.n_headers++] =
                (struct http_header){.name = arena_str(&rig->arena, str_from(name)),
                                     .value = arena_str(&rig->arena, json_text(value))};
    }
    status = (int)json_get_i64(meta, "status", 200);
    json_decref(meta);
    return status;
}

/* "HTTP/1.1 429 Too Many Requests" and headers beside the body; 200 without. */
static int read_headers(struct rig *rig, const char *body_path)
{
    char path[1400], line[4096];
    int status;
    FILE *f;

    status = read_meta(rig, body_path);
    beside(path, sizeof(path), body_path, ".headers");
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        struct str value, text = str_trim(arena_str(&rig->arena, str_from(line)));
        struct str name = str_split(text, ':', &value);

        if (sscanf(line, "HTTP/%*s %d", &status) == 1 || rig->http.n_headers >= HTTP_HEADERS_MAX)
            continue;
        rig->http.headers[rig->http.n_headers++] =
            (struct http_header){.name = name, .value = str_trim(value)};
    }
    if (f)
        fclose(f);
    return status;
}

static struct str read_body(struct rig *rig, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *data = arena_alloc(&rig->arena, RIG_BODY_MAX);
    size_t len;

    assert_non_null(f);
    len = fread(data, 1, RIG_BODY_MAX, f);
    fclose(f);
    return (struct str){data, len};
}

static void feed(struct rig *rig, const char *path, int status, struct str body, struct tally *tally)
{
    int code = rig_feed(rig, status, body);

    if (code < 0) {
        assert_int_equal(code, -EBADMSG);
        assert_true(rig->err.text[0] != '\0');
        return;
    }
    if (rig->step.kind >= STEP_WAIT)
        assert_true(rig->step.reason.len > 0);
    for (size_t i = 0; i < rig->page.n_mentions; i++) {
        if (mention_check(&rig->page.mentions[i], &rig->err) < 0)
            fail_msg("%s: mention %zu: %s", path, i, rig->err.text);
    }
    tally->mentions += (unsigned)rig->page.n_mentions;
    tally->skipped += rig->page.skipped;
}

/* A recording of one post, or of a thread, is fed as a timeline of one. */
static void feed_file(struct rig *rig, const char *path, bool wrap, struct tally *tally)
{
    int status = read_headers(rig, path);
    struct str body = read_body(rig, path);

    tally->files++;
    feed(rig, path, status, body, tally);
    if (wrap && status == 200 && body.len > 0 && body.s[0] == '{') {
        body = arena_printf(&rig->arena, "[%.*s]", STR_FMT(body));
        feed(rig, path, status, body, tally);
    }
}

static struct tally feed_all(const struct source_driver *driver, const char *options, const char *account,
                             const char *session, const char *network)
{
    char folder[1000];
    struct tally tally = {0};
    struct dirent *entry;
    DIR *dir;

    if (!recordings_path(folder, sizeof(folder), network)) {
        print_message("no recordings at %s\n", folder);
        skip();
    }
    dir = opendir(folder);
    while ((entry = readdir(dir))) {
        char path[1300];
        struct rig rig;

        if (!str_ends_with(str_from(entry->d_name), STR(".json")) &&
            !str_ends_with(str_from(entry->d_name), STR(".html")))
            continue;
        rig_init(&rig, driver, options, account);
        rig.account.session = str_from(session);
        rig.at.low = STR("1");
        rig_prepare(&rig);
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        feed_file(&rig, path, driver == &source_mastodon, &tally);
        rig_finish(&rig);
    }
    closedir(dir);
    print_message("%s: %u files, %u mentions, %u skipped\n", network, tally.files, tally.mentions,
                  tally.skipped);
    return tally;
}

static void test_mastodon(void **state)
{
    struct tally tally;

    (void)state;
    tally = feed_all(&source_mastodon, "instance: http://localhost:3000\nhashtags: [hoot]\n", NULL, "",
                     "mastodon");
    assert_true(tally.mentions >= 50);
}

static void test_mastodon_search(void **state)
{
    struct tally tally;

    (void)state;
    setenv("TEST_TOKEN", "x", 1);
    tally = feed_all(&source_mastodon, "query: hoot\n",
                     "instance: http://localhost:3000\ntoken: ${TEST_TOKEN}\n", "", "mastodon");
    assert_true(tally.mentions > 0);
}

static void test_bluesky(void **state)
{
    struct tally tally;

    (void)state;
    setenv("TEST_TOKEN", "x", 1);
    tally = feed_all(&source_bluesky, "query: acme\n",
                     "identifier: a.example\npassword: ${TEST_TOKEN}\nservice: http://localhost:2583\n",
                     "{\"state\":\"ready\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}", "bluesky");
    assert_true(tally.mentions >= 20);
}

static void test_hackernews(void **state)
{
    struct tally tally;

    (void)state;
    tally = feed_all(&source_hackernews, "query: acme\n", NULL, "", "hackernews");
    assert_true(tally.mentions >= 8);
}

/* ---- file by file -------------------------------------------------------------------------- */

static const struct recorded_network *const networks[] = {
    &recorded_discord,
    &recorded_mastodon,
    &recorded_bluesky,
    &recorded_telegram,
    &recorded_appstore,
    &recorded_googleplay,
    &recorded_discourse,
    &recorded_feeds,
    &recorded_github,
    &recorded_threads,
    &recorded_facebook,
    &recorded_instagram,
    &recorded_x,
    &recorded_reddit,
    &recorded_youtube,
    &recorded_lemmy,
    &recorded_stackexchange,
    NULL,
};

static const struct recorded_file *find_row(const struct recorded_network *network, const char *name)
{
    for (const struct recorded_file *row = network->files; row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static void check_row(const struct recorded_network *network, const struct recorded_file *row,
                      const char *path)
{
    static const char *const outcomes[] = {"page", "done", "login", "wait", "retry", "stop", "error"};
    struct tally tally = {0};
    enum recorded_outcome outcome;
    struct str body;
    struct rig rig;
    int status;

    rig_init(&rig, source_driver_find(str_from(network->driver)),
             row->options ? row->options : network->options, network->account);
    rig.account.session = str_from(network->session);
    rig.at.low = str_from(network->low);
    rig_prepare(&rig);
    rig.request.login = row->login;
    status = read_headers(&rig, path);
    body = read_body(&rig, path);
    if (row->bare)
        body = arena_printf(&rig.arena, "%s%.*s%s", network->before, STR_FMT(body), network->after);
    feed(&rig, path, row->status ? row->status : status, body, &tally);
    outcome = rig.err.text[0] ? TO_ERROR : (enum recorded_outcome)rig.step.kind;
    if (outcome != row->outcome || tally.mentions != row->mentions || tally.skipped != row->skipped)
        fail_msg("%s/%s: %s, %u mentions, %u skipped; wanted %s, %u, %u. %s%.*s", network->name, row->name,
                 outcomes[outcome], tally.mentions, tally.skipped, outcomes[row->outcome], row->mentions,
                 row->skipped, rig.err.text, STR_FMT(rig.step.reason));
    rig_finish(&rig);
}

static bool is_body(const char *name)
{
    static const char *const others[] = {".md", ".meta.json", ".headers"};

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (str_ends_with(str_from(name), str_from(others[i])))
            return false;
    }
    return name[0] != '.';
}

static void check_network(const struct recorded_network *network)
{
    char folder[1000], path[1300];
    unsigned n_files = 0;
    struct dirent *entry;
    DIR *dir;

    if (!recordings_path(folder, sizeof(folder), network->name)) {
        print_message("no recordings at %s\n", folder);
        skip();
    }
    dir = opendir(folder);
    while ((entry = readdir(dir))) {
        const struct recorded_file *row = find_row(network, entry->d_name);

        if (!is_body(entry->d_name))
            continue;
        if (!row)
            fail_msg("%s/%s has no row in tests/unit/recorded/", network->name, entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        check_row(network, row, path);
        n_files++;
    }
    closedir(dir);
    print_message("%s: %u files as expected\n", network->name, n_files);
}

static void test_each_file(void **state)
{
    (void)state;
    setenv("TEST_TOKEN", "x", 1);
    for (size_t i = 0; networks[i]; i++)
        check_network(networks[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mastodon),
        cmocka_unit_test(test_mastodon_search),
        cmocka_unit_test(test_bluesky),
        cmocka_unit_test(test_hackernews),
        cmocka_unit_test(test_each_file),
    };

    json_init();
    return cmocka_run_group_tests_name("source_recorded", tests, NULL, NULL);
}

/* What tests of source drivers share: a source without a poller, fed with replies by hand. */
#ifndef TESTS_SOURCE_RIG_H
#define TESTS_SOURCE_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mentiond/clock.h"
#include "mentiond/source.h"

#define RIG_NOW 1795282200000 /* 2026-11-21T17:30:00Z */
#define RIG_BODY_MAX (4 * 1024 * 1024)

struct rig {
    struct arena arena;
    struct source_settings settings;
    struct source_account account;
    struct source src;
    struct source_cursor at;
    struct source_request request;
    struct http_response http;
    struct source_reply reply;
    struct source_page page;
    struct source_step step;
    struct error err;
    char *body;                  /* owned */
    struct config_doc *docs[2];  /* owned: options of the source and of the account */
    struct diag diag;
};

static inline void *rig_decode(struct rig *rig, size_t which, const struct option *options, size_t size,
                               const char *yaml)
{
    const struct option_target target = {options, arena_zalloc(&rig->arena, size)};

    rig->docs[which] = config_doc_parse("test.yaml", str_from(yaml), &rig->diag);
    if (!rig->docs[which] || !options_decode(&target, 1, "source", rig->docs[which]->root,
                                             rig->docs[which], &rig->diag))
        fail_msg("%s", rig->diag.n_items ? rig->diag.items[0].text : "options refused");
    return target.base;
}

/* `options` and `account` as in config.yaml; account NULL: none. */
static inline void rig_init(struct rig *rig, const struct source_driver *driver, const char *options,
                            const char *account)
{
    void *config, *account_config = NULL;

    *rig = (struct rig){.settings = {.name = STR("tags"), .overlap_ms = -1, .enabled = true}};
    arena_init(&rig->arena, 64 * 1024 * 1024);
    diag_init(&rig->diag);
    config = rig_decode(rig, 0, driver->options, driver->config_size, options);
    if (account)
        account_config = rig_decode(rig, 1, driver->account_options, driver->account_size, account);
    rig->account = (struct source_account){.name = STR("account"), .config = account_config};
    rig->src = (struct source){
        .driver = driver,
        .name = STR("tags"),
        .brand = STR("acme"),
        .settings = &rig->settings,
        .config = config,
        .account = &rig->account,
        .interval_ms = driver->interval_ms,
        .overlap_ms = driver->overlap_ms,
        .max_pages = driver->max_pages,
    };
}

static inline void rig_finish(struct rig *rig)
{
    config_doc_destroy(rig->docs[0]);
    config_doc_destroy(rig->docs[1]);
    diag_finish(&rig->diag);
    arena_finish(&rig->arena);
    free(rig->body);
}

static inline void rig_prepare(struct rig *rig)
{
    assert_int_equal(rig->src.driver->prepare(&rig->src, &rig->at, RIG_NOW, &rig->arena, &rig->request,
                                              &rig->err), 0);
}

static inline void rig_header(struct rig *rig, const char *name, const char *value)
{
    rig->http.headers[rig->http.n_headers++] =
        (struct http_header){.name = str_from(name), .value = str_from(value)};
}

/* The reply to a request: copied to memory that ends where the body ends, so that the sanitizers
 * see one byte too many. Headers set before are used once. */
static inline int rig_feed(struct rig *rig, int status, struct str body)
{
    int code;

    free(rig->body);
    rig->body = malloc(body.len ? body.len : 1);
    if (body.len)
        memcpy(rig->body, body.s, body.len);
    rig->http.status = status;
    rig->http.body = (struct str){rig->body, body.len};
    rig->reply.kind = rig->request.kind;
    rig->reply.login = rig->request.login;
    rig->reply.http = rig->request.kind == REQUEST_HTTP ? &rig->http : NULL;
    rig->reply.body = rig->http.body;
    rig->reply.received_at_ms = RIG_NOW;
    rig->page = (struct source_page){.arena = &rig->arena};
    rig->step = (struct source_step){0};
    code = rig->src.driver->parse(&rig->src, &rig->at, &rig->reply, &rig->page, &rig->step, &rig->err);
    rig->http.n_headers = 0;
    return code;
}

/* A file below tests/fixtures, into the arena; a missing one fails the test. */
static inline struct str rig_fixture(struct rig *rig, const char *name)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    struct str path = arena_printf(&rig->arena, "%s/tests/fixtures/%s", root ? root : ".", name);
    FILE *f = fopen(path.s, "rb");
    char *data = arena_alloc(&rig->arena, RIG_BODY_MAX);
    size_t len;

    if (!f)
        fail_msg("no fixture %s", path.s);
    len = fread(data, 1, RIG_BODY_MAX, f);
    fclose(f);
    return (struct str){data, len};
}

/* The step's cursor becomes what the next request starts from, as the poller does it. */
static inline void rig_go_on(struct rig *rig)
{
    assert_true(rig->step.kind == STEP_PAGE || rig->step.kind == STEP_DONE);
    rig->at = rig->step.cursor;
    rig_prepare(rig);
}

static inline void assert_str(struct str got, const char *want)
{
    if (!str_eq(got, str_from(want)))
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), want);
}

static inline void assert_has(struct str got, const char *part)
{
    if (str_find(got, str_from(part)) == SIZE_MAX)
        fail_msg("got \"%.*s\", wanted \"%s\" in it", STR_FMT(got), part);
}

static inline void assert_lacks(struct str got, const char *part)
{
    if (str_find(got, str_from(part)) != SIZE_MAX)
        fail_msg("got \"%.*s\", did not want \"%s\" in it", STR_FMT(got), part);
}

/* Every mention of a page can be stored. */
static inline void assert_page_sound(struct rig *rig)
{
    for (size_t i = 0; i < rig->page.n_mentions; i++) {
        if (mention_check(&rig->page.mentions[i], &rig->err) < 0)
            fail_msg("mention %zu: %s", i, rig->err.text);
    }
}

#endif

/* What tests of alert channels share: a channel without an alerter, given a notice and replies by hand. */
#ifndef TESTS_ALERT_RIG_H
#define TESTS_ALERT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mentiond/alert.h"
#include "mentiond/json.h"

#define RIG_NOW 1795282200000 /* 2026-11-21T17:30:00Z */

/* Words that no receiver may take for anything but words. */
#define HOSTILE                                                                                    \
    "@everyone <!channel> <@U1> [x](http://evil.example) ](https://e.example) **b** </b><script> \\ `c` "  \
    "https://evil.example/a @acme"

struct alert_rig {
    struct arena arena;
    struct alert_target target;
    struct alert_notice notice;
    struct alert_request request;
    struct http_response http;
    struct alert_reply reply;
    struct alert_outcome outcome;
    struct error err;
    struct config_doc *doc; /* owned */
    struct diag diag;
};

static inline void rig_notice(struct alert_rig *rig)
{
    rig->notice = (struct alert_notice){
        .key = STR("acme/outage/o1"),
        .id = STR("acme/outage/o1/opened/1"),
        .phase = ALERT_FIRING,
        .severity = ALERT_CRITICAL,
        .event = STR("outage.opened"),
        .brand = STR("acme"),
        .title = STR("acme: login is down, 37 people"),
        .text = STR("since 17:20, in Leeds\nmentionctl outages ack o1"),
        .facts = {{STR("people"), STR("37")}, {STR("place"), STR("Leeds")}},
        .n_facts = 2,
        .examples = {{STR("jo@social.example"), STR("can't log in"), STR("https://social.example/@jo/1")}},
        .n_examples = 1,
        .at_ms = RIG_NOW,
        .since_ms = RIG_NOW - 600000,
        .json = STR("{\"type\":\"outage.opened\"}"),
    };
}

/* `options` as in config.yaml, without type. */
static inline void rig_init(struct alert_rig *rig, const struct alert_channel *channel, const char *options)
{
    struct option_target target;

    *rig = (struct alert_rig){0};
    json_init();
    arena_init(&rig->arena, 16 * 1024 * 1024);
    diag_init(&rig->diag);
    target = (struct option_target){channel->options, arena_zalloc(&rig->arena, channel->config_size)};
    rig->doc = config_doc_parse("test.yaml", str_from(options), &rig->diag);
    if (!rig->doc || !options_decode(&target, 1, "channel", rig->doc->root, rig->doc, &rig->diag))
        fail_msg("%s", rig->diag.n_items ? rig->diag.items[0].text : "options refused");
    rig->target = (struct alert_target){.channel = channel, .name = STR("ops"), .config = target.base};
    rig_notice(rig);
}

static inline void rig_finish(struct alert_rig *rig)
{
    config_doc_destroy(rig->doc);
    diag_finish(&rig->diag);
    arena_finish(&rig->arena);
}

static inline void rig_prepare(struct alert_rig *rig, struct str memo)
{
    rig->request = (struct alert_request){0};
    if (rig->target.channel->prepare(&rig->target, &rig->notice, memo, RIG_NOW, &rig->arena, &rig->request,
                                     &rig->err))
        fail_msg("%s", rig->err.text);
}

/* The body that prepare() made, as JSON; the caller owns it. */
static inline json_t *rig_json(struct alert_rig *rig)
{
    json_t *value = NULL;

    rig_prepare(rig, STR(""));
    if (json_page_parse(rig->request.http.body, NULL, &value, &rig->err))
        fail_msg("%s in %.*s", rig->err.text, STR_FMT(rig->request.http.body));
    return value;
}

/* All texts of the notice are these. */
static inline void rig_fill(struct alert_rig *rig, struct str text)
{
    struct alert_notice *n = &rig->notice;

    n->title = n->text = text;
    n->n_facts = ALERT_FACTS_MAX;
    for (size_t i = 0; i < ALERT_FACTS_MAX; i++)
        n->facts[i] = (struct alert_fact){STR("fact"), text};
    n->n_examples = ALERT_EXAMPLES_MAX;
    for (size_t i = 0; i < ALERT_EXAMPLES_MAX; i++)
        n->examples[i] = (struct alert_example){text, text, STR("https://social.example/@jo/1")};
}

/* Nothing of HOSTILE is left that any receiver takes for more than words. */
static inline void rig_check_harmless(struct str body)
{
    static const char *const harmful[] = {
        "@everyone",     "@acme",        "<!channel>",  "<@U1>",        "<script>",          "</b>",
        "](http://evil", "](https://e.", "http://evil", "https://evil", "https://e.example",
    };

    for (size_t i = 0; i < ARRAY_LEN(harmful); i++) {
        if (str_find(body, str_from(harmful[i])) != SIZE_MAX)
            fail_msg("'%s' in %.*s", harmful[i], STR_FMT(body));
    }
}

/* `n` times 🔥 in the arena. */
static inline struct str rig_emoji(struct alert_rig *rig, size_t n)
{
    char *s = arena_alloc(&rig->arena, 4 * n + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(s + 4 * i, "\xf0\x9f\x94\xa5", 4);
    s[4 * n] = '\0';
    return (struct str){s, 4 * n};
}

static inline const struct alert_outcome *rig_judge(struct alert_rig *rig, int status, const char *header,
                                                    const char *value, const char *body)
{
    rig->http = (struct http_response){.status = status, .body = str_from(body)};
    if (header)
        rig->http.headers[rig->http.n_headers++] =
            (struct http_header){str_from(header), str_from(value), false};
    rig->reply = (struct alert_reply){.http = &rig->http, .body = rig->http.body, .received_at_ms = RIG_NOW};
    rig->target.channel->judge(&rig->target, &rig->notice, &rig->reply, &rig->arena, &rig->outcome);
    return &rig->outcome;
}

/* A row of a channel's table of replies. */
struct alert_case {
    int status;
    const char *header, *value, *body;
    enum alert_verdict verdict;
    int64_t wait_ms;
};

static inline void rig_check_replies(struct alert_rig *rig, const struct alert_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct alert_outcome *o =
            rig_judge(rig, cases[i].status, cases[i].header, cases[i].value, cases[i].body);

        if (o->verdict != cases[i].verdict || (o->verdict == ALERT_LATER && o->wait_ms != cases[i].wait_ms))
            fail_msg("reply %zu (%d %s): verdict %d wait %lld: %.*s", i, cases[i].status, cases[i].body,
                     (int)o->verdict, (long long)o->wait_ms, STR_FMT(o->reason));
    }
}

/* The memo of a reply. */
static inline void rig_check_memo(struct alert_rig *rig, int status, const char *body, const char *memo)
{
    struct str got = rig_judge(rig, status, NULL, NULL, body)->memo;

    if (!str_eq(got, str_from(memo)))
        fail_msg("memo '%.*s', wanted '%s'", STR_FMT(got), memo);
}

/* prepare() fails and names the variable. */
static inline void rig_check_missing(struct alert_rig *rig, const char *variable)
{
    unsetenv(variable);
    assert_true(rig->target.channel->prepare(&rig->target, &rig->notice, STR(""), RIG_NOW, &rig->arena,
                                             &rig->request, &rig->err) < 0);
    assert_non_null(strstr(rig->err.text, variable));
}

static inline size_t utf16_len(struct str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += (size_t)((text.s[i] & 0xc0) != 0x80) + (size_t)((unsigned char)text.s[i] >= 0xf0);
    return n;
}

static inline bool rig_holds(struct str text, const char *part)
{
    return str_find(text, str_from(part)) != SIZE_MAX;
}

#endif

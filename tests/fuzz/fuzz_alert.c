/* Any words to any channel, and any reply: the first byte picks the channel, the second phase, severity, memo
 * and which texts are the same, the third the status; the rest is what strangers and the receiver say. What
 * is sent is valid JSON within the receiver's limits, and what is made of a reply can be stored. */
#include <stdlib.h>

#include "mentiond/alert.h"
#include "mentiond/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795282200000
#define REASON_MAX 600

static const struct {
    const char *channel, *options;
    size_t body_max;
} fuzzed[] = {
    {"alertmanager", "url: http://am.example\nlabels: [severity=page]\n", ALERT_BODY_MAX},
    {"discord", "url: ${FUZZ}\nedit: true\n", ALERT_BODY_MAX},
    {"email", "server: smtp://mx.example\nfrom: a@b.example\nto: [c@d.example]\n", 0},
    {"exec", "argv: [x]\n", 0},
    {"matrix", "server: https://hs.example\nroom: '!r:hs.example'\ntoken: ${FUZZ}\n", 60000},
    {"mattermost", "url: ${FUZZ}\n", ALERT_BODY_MAX},
    {"ntfy", "topic: ${FUZZ}\ntoken: ${FUZZ}\n", 8192},
    {"pagerduty", "routing_key: ${FUZZ}\n", ALERT_BODY_MAX},
    {"slack", "url: ${FUZZ}\n", ALERT_BODY_MAX},
    {"teams", "url: ${FUZZ}\n", 20000},
    {"telegram", "token: ${FUZZ}\nchat: '-1'\n", ALERT_BODY_MAX},
    {"webhook", "url: ${FUZZ}\nsecret: ${FUZZ_KEY}\n", 20000},
};
static const int statuses[] = {200, 202, 204, 302, 400, 401, 404, 413, 429, 429, 500, 199};
static const char *const memos[] = {"", "plain", "chat -100999", "1234567"};

struct bench {
    struct arena arena;
    struct config_doc *doc;
    struct diag diag;
    struct alert_target target;
    struct alert_notice notice;
    struct alert_request request;
};

static void require(bool truth)
{
    if (!truth)
        abort();
}

static bool build(struct bench *b, size_t which)
{
    struct option_target target;

    diag_init(&b->diag);
    for (size_t i = 0; alert_channels[i]; i++) {
        if (strcmp(alert_channels[i]->name, fuzzed[which].channel) == 0)
            b->target.channel = alert_channels[i];
    }
    require(b->target.channel != NULL);
    target = (struct option_target){b->target.channel->options,
                                    arena_zalloc(&b->arena, b->target.channel->config_size)};
    b->target.name = STR("ops");
    b->target.config = target.base;
    b->doc = config_doc_parse("fuzz", str_from(fuzzed[which].options), &b->diag);
    return b->doc && options_decode(&target, 1, "channel", b->doc->root, b->doc, &b->diag);
}

/* As notice makers do it: cleaned. The url is as a network gave it. */
static void fill(struct bench *b, unsigned choice, struct str words)
{
    struct str line = alert_clean(words, false, &b->arena), rest, url = str_split(words, ' ', &rest);
    struct alert_notice *n = &b->notice;

    *n = (struct alert_notice){.key = line,
                               .id = line,
                               .phase = (enum alert_phase)(choice & 3),
                               .severity = (enum alert_severity)(choice / 4 % 3),
                               .event = STR("outage.opened"),
                               .brand = STR("acme"),
                               .title = line,
                               .text = alert_clean(words, true, &b->arena),
                               .url = url,
                               .at_ms = NOW,
                               .since_ms = choice & 64 ? 0 : NOW + 1,
                               .json = STR("{}")};
    for (n->n_facts = 0; n->n_facts < ALERT_FACTS_MAX; n->n_facts++)
        n->facts[n->n_facts] = (struct alert_fact){n->n_facts % 2 ? line : STR("people"), line};
    for (n->n_examples = 0; n->n_examples < ALERT_EXAMPLES_MAX; n->n_examples++)
        n->examples[n->n_examples] = (struct alert_example){line, line, url};
}

static void check_request(const struct bench *b, size_t body_max)
{
    const struct http_request *http = &b->request.http;
    struct json_faults faults = {0};
    json_t *value = NULL;

    if (b->request.transport != ALERT_HTTP)
        return;
    require(http->body.len <= body_max);
    require(json_page_parse(http->body, &faults, &value, NULL) == 0);
    require(faults.surrogates + faults.nuls + faults.bad_utf8 + faults.numbers + faults.controls == 0);
    json_decref(value);
    for (size_t i = 0; i < http->n_headers; i++) {
        for (size_t k = 0; k < http->headers[i].value.len; k++)
            require(http->headers[i].value.s[k] >= ' ' && http->headers[i].value.s[k] != 0x7f);
    }
}

static void check_reply(struct bench *b, int status, struct str words)
{
    struct http_response http = {.status = status, .body = words};
    struct alert_reply reply = {.http = &http,
                                .body = words,
                                .mail_status = status,
                                .exit_status = status & 127,
                                .received_at_ms = NOW};
    struct alert_outcome outcome = {0};

    http.headers[http.n_headers++] =
        (struct http_header){STR("Retry-After"), str_slice(words, 0, words.len / 2), false};
    b->target.channel->judge(&b->target, &b->notice, &reply, &b->arena, &outcome);
    require(outcome.verdict >= ALERT_DONE && outcome.verdict <= ALERT_BROKEN);
    require(outcome.memo.len <= ALERT_MEMO_MAX && outcome.reason.len <= REASON_MAX);
    require(outcome.verdict != ALERT_LATER || outcome.wait_ms >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct bench b = {0};
    struct str words;
    size_t which;

    if (size < 3)
        return 0;
    if (!ready) {
        json_init();
        setenv("FUZZ", "https://receiver.example/hook", 1);
        setenv("FUZZ_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
        ready = true;
    }
    which = data[0] % ARRAY_LEN(fuzzed);
    words = (struct str){(const char *)data + 3, size - 3};
    arena_init(&b.arena, 64 * 1024 * 1024);
    require(build(&b, which));
    fill(&b, data[1], words);
    require(b.target.channel->prepare(&b.target, &b.notice, str_from(memos[data[1] >> 6]), NOW, &b.arena,
                                      &b.request, NULL) == 0);
    check_request(&b, fuzzed[which].body_max);
    check_reply(&b, statuses[data[2] % ARRAY_LEN(statuses)], words);
    config_doc_destroy(b.doc);
    diag_finish(&b.diag);
    arena_finish(&b.arena);
    return 0;
}

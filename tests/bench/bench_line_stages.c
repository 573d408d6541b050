/* One page after the other: fetch, parse, judge, ingest, then the parts and yardsticks once more on the same
 * page. The main stages follow each other as in the poller, so that caches are as warm as there; what is done
 * apart stays outside of their meters. */
#include "bench_line_stages.h"

#include <errno.h>
#include <stdio.h>

#include <curl/curl.h>

#include "mentiond/clock.h"
#include "mentiond/text.h"
#include "store/store_internal.h"

#define ARENA_MAX FEED_ARENA_MAX
#define ANSWER_MAX ((size_t)64 * 1024)

/* A page on its way. */
struct walk {
    struct stages *stages;
    struct arena arena, scratch; /* the page's; of what is done apart */
    struct source_cursor cursor;
    struct buf cursor_text[2];   /* stored form, now and next: the cursor points into an arena of its own */
    struct arena cursor_arena;
    struct buf body, answer, record;
    struct source_page page;
    struct source_step step;
    const struct mention **mentions; /* in the arena */
    const char *url;                 /* in the arena */
    CURL *easy;                      /* owned */
    char *lease;                     /* owned */
    int64_t seq;
    bool done;
    struct error *err;
};

/* ---- waiting on the loop ---------------------------------------------------------------------- */

static void on_answer(void *user, const struct store_reply *reply, const struct error *err)
{
    struct walk *w = user;

    w->done = true;
    buf_reset(&w->answer);
    if (!reply)
        *w->err = *err;
    else if (reply->word != STORE_OK)
        error_set(w->err, -EIO, "redis: %.*s", STR_FMT(reply->error));
    else
        buf_append_str(&w->answer, reply->text);
}

static int wait_for_it(struct walk *w)
{
    while (!w->done && event_base_loop(w->stages->base, EVLOOP_ONCE) == 0)
        ;
    w->done = false;
    return w->err->code;
}

static int ask_account(struct walk *w, const char *function, const char *args)
{
    if (store_call_account(w->stages->store, w->stages->source->account->name, function, str_from(args), 0,
                           on_answer, w, w->err) < 0)
        return w->err->code;
    return wait_for_it(w);
}

static int take_lease(struct walk *w)
{
    char nonce[33], args[256];

    store_make_req(nonce);
    snprintf(args, sizeof(args), "{\"daemon\":\"bench\",\"nonce\":\"%s\",\"ttl_ms\":60000}", nonce);
    if (ask_account(w, "lease_take", args) < 0)
        return error_prefix(w->err, w->err->code, "lease_take");
    w->lease = str_dup(buf_str(&w->answer));
    return w->lease ? 0 : error_oom(w->err);
}

static int open_source(struct walk *w)
{
    const struct source *source = w->stages->source;
    char args[512];

    snprintf(args, sizeof(args), "{\"source\":\"%.*s\",\"lease\":\"%s\"}", STR_FMT(source->name), w->lease);
    if (store_call(w->stages->store, source->brand, "source_open", str_from(args), 0, on_answer, w, w->err) < 0)
        return w->err->code;
    return wait_for_it(w);
}

static void drop_lease(struct walk *w)
{
    char args[256];

    snprintf(args, sizeof(args), "{\"lease\":\"%s\"}", w->lease ? w->lease : "");
    if (w->lease)
        ask_account(w, "lease_drop", args);
    free(TAKE(w->lease));
}

/* ---- the stages ------------------------------------------------------------------------------- */

static void on_page(void *user, const struct http_response *response, const struct error *err)
{
    struct walk *w = user;

    meter_stop(&w->stages->meters[STAGE_HTTP]);
    w->done = true;
    if (!response)
        *w->err = *err;
    else if (response->status != 200)
        error_set(w->err, -EIO, "page: HTTP status %d", response->status);
    else
        buf_append_str(&w->body, response->body);
    meter_start(&w->stages->meters[STAGE_HTTP]);
}

static int fetch(struct walk *w)
{
    struct stages *s = w->stages;
    struct source_request request = {0};

    buf_reset(&w->body);
    meter_start(&s->meters[STAGE_HTTP]);
    if (s->source->driver->prepare(s->source, &w->cursor, clock_now_ms(), &w->arena, &request, w->err) < 0 ||
        http_start(s->http, &request.http, on_page, w, NULL, w->err) < 0)
        return w->err->code;
    wait_for_it(w);
    meter_stop(&s->meters[STAGE_HTTP]);
    w->url = arena_str(&w->arena, request.http.url).s;
    return w->url ? w->err->code : error_oom(w->err);
}

static int parse(struct walk *w)
{
    const struct source *source = w->stages->source;
    struct http_response response = {.status = 200, .body = buf_str(&w->body)};
    struct source_reply reply = {
        .http = &response, .body = response.body, .received_at_ms = clock_now_ms()};
    struct arena *before;
    int r;

    w->page = (struct source_page){.arena = &w->arena};
    w->step = (struct source_step){0};
    meter_start(&w->stages->meters[STAGE_PARSE]);
    before = json_use_arena(&w->arena);
    r = source->driver->parse(source, &w->cursor, &reply, &w->page, &w->step, w->err);
    json_use_arena(before);
    meter_stop(&w->stages->meters[STAGE_PARSE]);
    if (r == 0 && w->step.kind != STEP_PAGE && w->step.kind != STEP_DONE)
        r = error_set(w->err, -EBADMSG, "the driver wants neither the next page nor an end");
    return r;
}

static int judge(struct walk *w)
{
    struct stages *s = w->stages;
    int64_t now_ms = clock_now_ms();

    w->mentions = arena_alloc(&w->arena, (w->page.n_mentions + 1) * sizeof(*w->mentions));
    if (!w->mentions)
        return error_oom(w->err);
    meter_start(&s->meters[STAGE_JUDGE]);
    for (size_t i = 0; i < w->page.n_mentions; i++) {
        struct mention *m = &w->page.mentions[i];

        if (judge_mention(s->source, &s->brand, m, now_ms, &w->arena, w->err) != JUDGE_KEEP)
            return error_set(w->err, -EBADMSG, "mention %.*s was not kept", STR_FMT(m->id));
        w->mentions[i] = m;
    }
    meter_stop(&s->meters[STAGE_JUDGE]);
    for (size_t i = 0; i < w->page.n_mentions; i++)
        s->n_judged[w->mentions[i]->class]++;
    return 0;
}

static struct store_batch batch_of(const struct walk *w)
{
    return (struct store_batch){.brand = w->stages->source->brand,
                                .source = w->stages->source->name,
                                .lease = str_from(w->lease),
                                .cursor = buf_str(&w->cursor_text[1]),
                                .seq = w->seq,
                                .fetched_at_ms = clock_now_ms(),
                                .mentions = w->mentions,
                                .n_mentions = w->page.n_mentions};
}

static int ingest(struct walk *w)
{
    struct stages *s = w->stages;
    struct store_batch batch;
    char want[32];

    w->seq++;
    buf_reset(&w->cursor_text[1]);
    source_cursor_to_json(&w->step.cursor, &w->cursor_text[1]);
    batch = batch_of(w);
    meter_start(&s->meters[STAGE_INGEST]);
    if (store_ingest(s->store, &batch, on_answer, w, w->err) < 0)
        return w->err->code;
    wait_for_it(w);
    meter_stop(&s->meters[STAGE_INGEST]);
    snprintf(want, sizeof(want), "\"new\":%zu", batch.n_mentions);
    if (w->err->code == 0 && str_find(buf_str(&w->answer), str_from(want)) == SIZE_MAX)
        error_set(w->err, -EBADMSG, "ingest answered %.*s instead of %s", STR_FMT(buf_str(&w->answer)), want);
    return w->err->code;
}

/* ---- once more, apart ------------------------------------------------------------------------- */

static int json_on_arena(struct walk *w)
{
    struct arena *before;
    json_t *value;
    int r;

    meter_start(&w->stages->meters[STAGE_JSON]);
    before = json_use_arena(&w->scratch);
    r = json_page_parse(buf_str(&w->body), NULL, &value, w->err);
    json_use_arena(before);
    arena_reset(&w->scratch);
    meter_stop(&w->stages->meters[STAGE_JSON]);
    return r;
}

static int json_plain(struct walk *w)
{
    json_t *value;

    meter_start(&w->stages->meters[STAGE_JSON_PLAIN]);
    value = json_loadb(w->body.data, w->body.len, 0, NULL);
    json_decref(value);
    meter_stop(&w->stages->meters[STAGE_JSON_PLAIN]);
    return value ? 0 : error_set(w->err, -EBADMSG, "jansson refuses a page of ours");
}

static int normalise(struct walk *w)
{
    int r = 0;

    meter_start(&w->stages->meters[STAGE_NORMALISE]);
    for (size_t i = 0; i < w->page.n_mentions && r == 0; i++) {
        struct text_normal normal;

        r = text_normalise(w->mentions[i]->text, &w->scratch, &normal);
    }
    meter_stop(&w->stages->meters[STAGE_NORMALISE]);
    arena_reset(&w->scratch);
    return r < 0 ? error_oom(w->err) : 0;
}

static int judge_by_reference(struct walk *w)
{
    struct stages *s = w->stages;
    struct poll_brand brand = s->brand;
    struct mention m;

    brand.rules = s->reference;
    meter_start(&s->meters[STAGE_REFERENCE]);
    for (size_t i = 0; i < w->page.n_mentions; i++) {
        m = *w->mentions[i];
        if (judge_mention(s->source, &brand, &m, m.fetched_at_ms, &w->scratch, w->err) != JUDGE_KEEP ||
            m.class != w->mentions[i]->class)
            return error_set(w->err, -EBADMSG, "the reference matcher judges %.*s otherwise", STR_FMT(m.id));
    }
    meter_stop(&s->meters[STAGE_REFERENCE]);
    arena_reset(&w->scratch);
    return 0;
}

static int encode(struct walk *w)
{
    const struct store_batch batch = batch_of(w);

    meter_start(&w->stages->meters[STAGE_ENCODE]);
    buf_reset(&w->record);
    store_batch_header(&batch, &w->record);
    store_batch_fields(&batch, &w->record);
    for (size_t i = 0; i < batch.n_mentions; i++) {
        buf_reset(&w->record);
        mention_to_json(batch.mentions[i], &w->record);
    }
    meter_stop(&w->stages->meters[STAGE_ENCODE]);
    return w->record.failed ? error_oom(w->err) : 0;
}

static int set_plainly(struct walk *w)
{
    struct stages *s = w->stages;
    struct str *records = arena_alloc(&w->scratch, (w->page.n_mentions + 1) * sizeof(*records));
    int64_t redis_ns;
    char prefix[64];
    bool ok;

    for (size_t i = 0; records && i < w->page.n_mentions; i++) {
        buf_reset(&w->record);
        mention_to_json(w->mentions[i], &w->record);
        records[i] = arena_str(&w->scratch, buf_str(&w->record));
    }
    snprintf(prefix, sizeof(prefix), "plain:%.*s:%lld:", STR_FMT(s->source->name), (long long)w->seq);
    redis_ns = bench_redis_cpu_ns(s->redis);
    meter_start(&s->meters[STAGE_SETS]);
    ok = records && bench_redis_set_all(s->redis, prefix, records, w->page.n_mentions);
    meter_stop(&s->meters[STAGE_SETS]);
    s->sets_redis_ns += bench_redis_cpu_ns(s->redis) - redis_ns;
    arena_reset(&w->scratch);
    return ok ? 0 : error_set(w->err, -EIO, "redis: SET failed");
}

static size_t on_bytes(char *data, size_t size, size_t n, void *user)
{
    return buf_append(user, data, size * n) ? size * n : 0;
}

static int fetch_plainly(struct walk *w)
{
    CURLcode code;

    buf_reset(&w->record);
    meter_start(&w->stages->meters[STAGE_CURL]);
    curl_easy_setopt(w->easy, CURLOPT_URL, w->url);
    curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, &w->record);
    code = curl_easy_perform(w->easy);
    meter_stop(&w->stages->meters[STAGE_CURL]);
    if (code != CURLE_OK || w->record.len != w->body.len)
        return error_set(w->err, -EIO, "plain curl got %zu bytes of %zu", w->record.len, w->body.len);
    return 0;
}

/* ---- the walk --------------------------------------------------------------------------------- */

/* The step's text dies with the page: the cursor goes on from its stored form, as in the poller. */
static int take_step(struct walk *w)
{
    struct buf taken = w->cursor_text[1];

    w->cursor_text[1] = w->cursor_text[0];
    w->cursor_text[0] = taken;
    arena_reset(&w->cursor_arena);
    return source_cursor_from_json(buf_str(&w->cursor_text[0]), &w->cursor_arena, &w->cursor, w->err);
}

static int walk_page(struct walk *w)
{
    static int (*const steps[])(struct walk *) = {
        fetch, parse, judge, ingest,
        fetch_plainly, json_on_arena, json_plain, normalise, judge_by_reference, encode, set_plainly,
    };

    arena_reset(&w->arena);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int r = steps[i](w);

        if (r < 0)
            return r;
    }
    w->stages->n_bytes += w->body.len;
    w->stages->n_mentions += w->page.n_mentions;
    return take_step(w);
}

static void walk_init(struct walk *w, struct stages *stages, struct error *err)
{
    *w = (struct walk){.stages = stages, .easy = curl_easy_init(), .err = err};
    arena_init(&w->arena, ARENA_MAX);
    arena_init(&w->scratch, ARENA_MAX);
    arena_init(&w->cursor_arena, ANSWER_MAX);
    buf_init(&w->cursor_text[0], ANSWER_MAX);
    buf_init(&w->cursor_text[1], ANSWER_MAX);
    buf_init(&w->answer, ANSWER_MAX);
    buf_init(&w->body, ARENA_MAX);
    buf_init(&w->record, ARENA_MAX);
}

static void walk_finish(struct walk *w)
{
    drop_lease(w);
    curl_easy_cleanup(w->easy);
    arena_finish(&w->arena);
    arena_finish(&w->scratch);
    arena_finish(&w->cursor_arena);
    buf_finish(&w->cursor_text[0]);
    buf_finish(&w->cursor_text[1]);
    buf_finish(&w->answer);
    buf_finish(&w->body);
    buf_finish(&w->record);
}

int stages_run(struct stages *stages, struct error *err)
{
    struct walk w;
    int r;

    *err = (struct error){0};
    walk_init(&w, stages, err);
    r = w.easy ? take_lease(&w) : error_oom(err);
    if (r == 0)
        r = open_source(&w);
    for (int i = 0; i <= PAGES_MAX && r == 0; i++) {
        r = walk_page(&w);
        if (r == 0 && w.step.kind == STEP_DONE)
            break;
    }
    walk_finish(&w);
    return r;
}

/* Threads: keyword search, or the posts that mention the account.
 *
 * Both are walks by time. Search sends no `since`: what it accepts is not certain, and a query costs the
 * same. Its results name no author but the user name. An app that was not approved for search is given
 * its own posts only, without any error; docs/sources.md says how to notice. */
#include <errno.h>

#include "sources/graph.h"
#include "sources/graph_post.h"

#define PAGE_LIMIT 100
#define FIELDS "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply,topic_tag"

struct threads_config {
    struct str query;
};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct graph_account, token), .required = true,
     .help = "Long-lived user token with threads_basic and threads_keyword_search or "
             "threads_manage_mentions."},
    {.key = "id", .kind = OPTION_STRING, .offset = offsetof(struct graph_account, id), .def = "me", .max = 40,
     .help = "The user's id, if it is not the token's own."},
    {.key = "app_secret", .kind = OPTION_SECRET, .offset = offsetof(struct graph_account, app_secret),
     .help = "If the app demands a proof of it with each request."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct graph_account, api),
     .def = "https://graph.threads.net/v1.0", .help = "Where the API is, with its version."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct threads_config, query), .min = 1,
     .max = 200,
     .help = "Keywords, or '#topic'. Without it: posts that mention the account."},
    {0},
};

static const struct graph_shape shape = {
    .network = "threads", .kind = "post", .text = "text", .text_else = "alt_text", .time = "timestamp",
    .url = "permalink", .likes = "like_count", .replies = NULL,
};

static struct str host(const struct source *src, struct arena *arena)
{
    const struct graph_account *account = src->account->config;

    return arena_str(arena, url_authority(account->api));
}

/* ---- requests -------------------------------------------------------------------------------- */

static void begin_search(struct url *u, struct str api, struct str query)
{
    bool is_tag = str_starts_with(query, STR("#"));

    url_begin(u, api, "/keyword_search");
    url_add_param(u, "q", is_tag ? str_slice(query, 1, query.len) : query);
    url_add_param(u, "search_type", STR("RECENT"));
    url_add_param(u, "search_mode", is_tag ? STR("TAG") : STR("KEYWORD"));
}

static void begin_mentions(struct url *u, const struct graph_account *account)
{
    url_begin(u, account->api, "/");
    url_add_segment(u, account->id);
    buf_append_str(&u->text, STR("/mentions"));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    const struct graph_account *account = src->account->config;
    const struct threads_config *config = src->config;
    struct str token;
    struct url u;
    int code = graph_session_prepare(src, "th_refresh_token", now_ms, arena, &token, ret_request, err);

    if (code < 0 || token.len == 0)
        return code;
    if (config->query.len > 0)
        begin_search(&u, account->api, config->query);
    else
        begin_mentions(&u, account);
    url_add_param(&u, "fields", STR(FIELDS));
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        graph_add_place(&u, at->next);
    return graph_request_finish(src, &u, token, config->query.len ? "keyword_search" : "mentions", arena,
                                ret_request, err);
}

/* ---- posts ----------------------------------------------------------------------------------- */

static struct str id_in(const struct parsing *p, const json_t *post, const char *key)
{
    return json_id(json_get(json_get(post, key), "id"), p->arena);
}

static void read_post(const struct parsing *p, const json_t *post)
{
    struct mention *m = graph_post_read(p, post, &shape);

    if (!m)
        return;
    m->conversation = id_in(p, post, "root_post");
    m->in_reply_to = id_in(p, post, "replied_to");
    m->repost_of = id_in(p, post, "reposted_post");
    if (m->repost_of.len == 0 && str_eq(json_get_text(post, "media_type"), STR("REPOST_FACADE")))
        m->repost_of = json_id(json_get(post, "id"), p->arena);
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct timewalk walk = timewalk_begin(&p);
    json_t *value = NULL;
    const json_t *data;
    int code;

    if (reply->login)
        return graph_session_parse(&p, ret_step, err);
    if (graph_refused(&p, &value, ret_step, &code, err))
        return code;
    data = json_get(value, "data");
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *post = json_array_get(data, i);

        if (timewalk_takes(&walk, json_get_text(post, "id"), json_get_time_ms(post, "timestamp")))
            read_post(&p, post);
    }
    timewalk_step(&p, &walk, graph_next(&p, value, true), ret_step);
    graph_read_budget(&p, ret_step);
    return 0;
}

const struct source_driver source_threads = {
    .name = "threads",
    .help = "Keyword search of Threads, or the posts that mention the account.",
    .options = options,
    .config_size = sizeof(struct threads_config),
    .account_options = account_options,
    .account_size = sizeof(struct graph_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 5 * 60 * 1000,
    .interval_min_ms = 60 * 1000, /* 2,200 searches in 24 hours */
    .overlap_ms = 10 * 60 * 1000,
    .max_pages = 20,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};

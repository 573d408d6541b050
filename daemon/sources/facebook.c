/* A Facebook page: posts that tag it, its own feed with the comments on it, or the comments on one post.
 * There is no search of public posts.
 *
 * Lists are walked by the time of the post. The feed carries the newest comments of each of its posts, so
 * what the overlap re-reads is how long a post's comments are listened to. */
#include <errno.h>

#include "sources/graph.h"
#include "sources/graph_post.h"

#define PAGE_LIMIT 50
#define FEED_OVERLAP_MS (7 * 24 * 3600 * 1000LL)
#define COMMENT_FIELDS "id,message,created_time,from,parent{id},like_count,comment_count,permalink_url"
#define POST_FIELDS                                                                              \
    "id,message,story,created_time,updated_time,permalink_url,from{id,name},place,shares,"              \
    "reactions.limit(0).summary(true),"

enum edge { EDGE_TAGGED, EDGE_FEED, EDGE_COMMENTS };

struct facebook_config {
    int edge;
    struct str post;
};

static const char *const edges[] = {"tagged", "feed", "comments", NULL};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct graph_account, token), .required = true,
     .help = "Page access token, made from a long-lived user token: such a one does not expire by time."},
    {.key = "id", .kind = OPTION_STRING, .offset = offsetof(struct graph_account, id), .required = true,
     .min = 1,
     .max = 40, .help = "The page's id."},
    {.key = "app_secret", .kind = OPTION_SECRET, .offset = offsetof(struct graph_account, app_secret),
     .help = "If the app demands a proof of it with each request."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct graph_account, api),
     .def = "https://graph.facebook.com/v23.0",
     .help = "Where the API is, with its version: one lives about two years."},
    {0},
};

static const struct option options[] = {
    {.key = "edge", .kind = OPTION_ENUM, .offset = offsetof(struct facebook_config, edge), .def = "tagged",
     .choices = edges,
     .help = "Posts that tag the page, the page's feed with its comments, or one post's comments."},
    {.key = "post", .kind = OPTION_STRING, .offset = offsetof(struct facebook_config, post), .max = 100,
     .help = "Of comments: the post's id, as PAGEID_POSTID."},
    {0},
};

static const struct {
    const char *path, *endpoint, *fields;
} requests[] = {
    [EDGE_TAGGED] = {"/tagged", "tagged", POST_FIELDS "comments.limit(0).summary(true)"},
    [EDGE_FEED] = {"/feed", "feed",
                   POST_FIELDS "comments.limit(50).order(reverse_chronological).filter(stream).summary(true)"
                               "{" COMMENT_FIELDS "}"},
    [EDGE_COMMENTS] = {"/comments", "comments", COMMENT_FIELDS},
};

static const struct graph_shape post_shape = {
    .network = "facebook", .kind = "post", .text = "message", .text_else = "story", .time = "created_time",
    .url = "permalink_url", .likes = "reactions.summary.total_count",
    .replies = "comments.summary.total_count",
};
static const struct graph_shape comment_shape = {
    .network = "facebook", .kind = "comment", .text = "message", .text_else = NULL, .time = "created_time",
    .url = "permalink_url", .likes = "like_count", .replies = "comment_count",
};

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct facebook_config *config = src->config;
    bool wrong = (config->edge == EDGE_COMMENTS) != (config->post.len > 0);

    if (wrong)
        diag_error(d, settings->doc, src->settings->mark,
                   "brands.%.*s.sources.%.*s: edge 'comments' and post belong together",
                   STR_FMT(src->brand), STR_FMT(src->name));
    if (config->edge == EDGE_FEED && src->settings->overlap_ms < 0)
        src->overlap_ms = FEED_OVERLAP_MS;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    const struct graph_account *account = src->account->config;

    return arena_str(arena, url_authority(account->api));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    const struct graph_account *account = src->account->config;
    const struct facebook_config *config = src->config;
    struct str token;
    struct url u;
    int code = graph_token_resolve(src, arena, &token, err);

    (void)now_ms;
    if (code < 0)
        return code;
    url_begin(&u, account->api, "/");
    url_add_segment(&u, config->edge == EDGE_COMMENTS ? config->post : account->id);
    buf_append_str(&u.text, str_from(requests[config->edge].path));
    url_add_param(&u, "fields", str_from(requests[config->edge].fields));
    if (config->edge == EDGE_COMMENTS) {
        url_add_param(&u, "filter", STR("stream"));
        url_add_param(&u, "order", STR("reverse_chronological"));
    }
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        graph_add_place(&u, at->next);
    return graph_request_finish(src, &u, token, requests[config->edge].endpoint, arena, ret_request, err);
}

/* ---- posts and comments ---------------------------------------------------------------------- */

static void read_comment(const struct parsing *p, const json_t *comment, struct str post_id,
                         struct str post_author)
{
    struct str parent = json_id(json_get(json_get(comment, "parent"), "id"), p->arena);
    struct mention *m = graph_post_read(p, comment, &comment_shape);

    if (!m)
        return;
    m->conversation = post_id;
    m->in_reply_to = parent.len > 0 ? parent : post_id;
    if (parent.len == 0)
        m->in_reply_to_author = post_author;
}

/* The place as a town, else as a country. */
static struct str read_place(const json_t *post)
{
    const json_t *location = json_path(post, "place.location");
    struct str city = json_get_text(location, "city");

    return city.len > 0 ? city : json_get_text(location, "country");
}

/* True if comments were written since the last poll that did not come with the post. */
static bool read_post(const struct parsing *p, const json_t *post)
{
    const json_t *comments = json_get(post, "comments"), *data = json_get(comments, "data");
    struct str id = json_id(json_get(post, "id"), p->arena);
    struct str author = json_get_text(json_get(post, "from"), "id");
    struct mention *m = graph_post_read(p, post, &post_shape);

    if (m) {
        m->conversation = id;
        m->place = read_place(post);
        m->shares = json_to_i64(json_path(post, "shares.count"), -1);
    }
    for (size_t i = 0; i < json_array_size(data); i++)
        read_comment(p, json_array_get(data, i), id, author);
    return graph_comments_are_cut(p, comments, comment_shape.time);
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    const struct facebook_config *config = src->config;
    struct timewalk walk = timewalk_begin(&p);
    json_t *value = NULL;
    const json_t *data;
    bool cut = false;
    int code;

    if (graph_refused(&p, &value, ret_step, &code, err))
        return code;
    data = json_get(value, "data");
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *item = json_array_get(data, i);

        if (!timewalk_takes(&walk, json_get_text(item, "id"), json_get_time_ms(item, "created_time")))
            continue;
        if (config->edge == EDGE_COMMENTS)
            read_comment(&p, item, config->post, STR(""));
        else
            cut = read_post(&p, item) || cut;
    }
    timewalk_step(&p, &walk, graph_next(&p, value, false), ret_step);
    ret_step->gap = ret_step->gap || cut;
    graph_read_budget(&p, ret_step);
    return 0;
}

const struct source_driver source_facebook = {
    .name = "facebook",
    .help = "Posts that tag a Facebook page, its feed with comments, or the comments on one post.",
    .options = options,
    .config_size = sizeof(struct facebook_config),
    .account_options = account_options,
    .account_size = sizeof(struct graph_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 5 * 60 * 1000,
    .interval_min_ms = 30 * 1000,
    .overlap_ms = 24 * 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};

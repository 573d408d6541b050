/* A professional Instagram account: media it is tagged in, comments on its own media, or the recent media
 * of a hashtag.
 *
 * Lists are walked by the time of the media; comments come with the media they are on, so what the
 * overlap re-reads is how long a media's comments are listened to. A hashtag is asked for by its id,
 * which each poll looks up first: the walk's `next` is then "ID" or "ID place". */
#include <errno.h>

#include "sources/graph.h"
#include "sources/graph_post.h"

#define PAGE_LIMIT 50
#define HASHTAG_REACH_MS (24 * 3600 * 1000LL)
#define COMMENTS_OVERLAP_MS (7 * 24 * 3600 * 1000LL)
#define MEDIA_FIELDS "id,caption,media_type,permalink,timestamp,comments_count,like_count"

enum watch { WATCH_TAGS, WATCH_COMMENTS, WATCH_HASHTAG };
enum login { LOGIN_FACEBOOK, LOGIN_INSTAGRAM };

struct instagram_account {
    struct graph_account graph;
    int login;
};

struct instagram_config {
    int watch;
    struct str hashtag;
};

static const char *const watches[] = {"tags", "comments", "hashtag", NULL};
static const char *const logins[] = {"facebook", "instagram", NULL};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct instagram_account, graph.token),
     .required = true,
     .help = "Long-lived token: a page's with a Facebook login, the user's with an Instagram login."},
    {.key = "id", .kind = OPTION_STRING, .offset = offsetof(struct instagram_account, graph.id),
     .required = true,
     .min = 1, .max = 40, .help = "The account's Instagram user id."},
    {.key = "login", .kind = OPTION_ENUM, .offset = offsetof(struct instagram_account, login),
     .def = "facebook",
     .choices = logins, .help = "How the token was made; those of an Instagram login are renewed weekly."},
    {.key = "app_secret", .kind = OPTION_SECRET,
     .offset = offsetof(struct instagram_account, graph.app_secret),
     .help = "If the app demands a proof of it with each request."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct instagram_account, graph.api),
     .def = "https://graph.facebook.com/v23.0",
     .help = "Where the API is, with its version; of an Instagram login https://graph.instagram.com/v23.0."},
    {0},
};

static const struct option options[] = {
    {.key = "watch", .kind = OPTION_ENUM, .offset = offsetof(struct instagram_config, watch), .def = "tags",
     .choices = watches,
     .help = "Media the account is tagged in, comments on its own media, or a hashtag's media."},
    {.key = "hashtag", .kind = OPTION_STRING, .offset = offsetof(struct instagram_config, hashtag),
     .max = 100,
     .help = "Of watch: hashtag, with or without '#'."},
    {0},
};

static const struct graph_shape media_shape = {
    .network = "instagram", .kind = "post", .text = "caption", .text_else = NULL, .time = "timestamp",
    .url = "permalink", .likes = "like_count", .replies = "comments_count",
};
static const struct graph_shape comment_shape = {
    .network = "instagram", .kind = "comment", .text = "text", .text_else = NULL, .time = "timestamp",
    .url = "permalink",
    .likes = "like_count", .replies = NULL,
};

static const struct instagram_config *config_of(const struct source *src)
{
    return src->config;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct instagram_account *account = src->account->config;
    const struct instagram_config *config = config_of(src);
    const char *wrong = NULL;

    if ((config->watch == WATCH_HASHTAG) != (config->hashtag.len > 0))
        wrong = "watch 'hashtag' and hashtag belong together";
    else if (account && account->login == LOGIN_INSTAGRAM && config->watch == WATCH_HASHTAG)
        wrong = "hashtags need an account with a Facebook login";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    if (config->watch == WATCH_COMMENTS && src->settings->overlap_ms < 0)
        src->overlap_ms = COMMENTS_OVERLAP_MS;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    const struct graph_account *account = src->account->config;

    return arena_str(arena, url_authority(account->api));
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The hashtag's id is known from its look-up on. */
static bool is_tag_lookup(const struct source *src, const struct source_cursor *at)
{
    return config_of(src)->watch == WATCH_HASHTAG && !at->walking;
}

static void begin_node(struct url *u, const struct source *src, struct str node, const char *edge,
                       const char *fields)
{
    const struct graph_account *account = src->account->config;

    url_begin(u, account->api, "/");
    url_add_segment(u, node);
    buf_append_str(&u->text, str_from(edge));
    url_add_param(u, "fields", str_from(fields));
    url_add_i64(u, "limit", PAGE_LIMIT);
}

static const char *begin_tag_lookup(struct url *u, const struct source *src)
{
    const struct graph_account *account = src->account->config;
    struct str tag = config_of(src)->hashtag;

    url_begin(u, account->api, "/ig_hashtag_search");
    url_add_param(u, "user_id", account->id);
    url_add_param(u, "q", str_starts_with(tag, STR("#")) ? str_slice(tag, 1, tag.len) : tag);
    return "ig_hashtag_search";
}

static const char *begin_list(struct url *u, const struct source *src, const struct source_cursor *at)
{
    const struct graph_account *account = src->account->config;
    struct str next = at->walking ? at->next : STR(""), id;

    if (config_of(src)->watch == WATCH_HASHTAG) {
        id = str_split(next, ' ', &next);
        begin_node(u, src, id, "/recent_media", MEDIA_FIELDS);
        url_add_param(u, "user_id", account->id);
        graph_add_place(u, next);
        return "recent_media";
    }
    if (config_of(src)->watch == WATCH_COMMENTS)
        begin_node(u, src, account->id, "/media",
                   "id,permalink,timestamp,username,comments.limit(50)"
                   "{id,text,timestamp,username,from,like_count,parent_id}");
    else
        begin_node(u, src, account->id, "/tags", MEDIA_FIELDS ",username");
    graph_add_place(u, next);
    return config_of(src)->watch == WATCH_COMMENTS ? "media" : "tags";
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    const struct instagram_account *account = src->account->config;
    const char *endpoint;
    struct str token;
    struct url u;
    int code;

    if (account->login == LOGIN_INSTAGRAM)
        code = graph_session_prepare(src, "ig_refresh_token", now_ms, arena, &token, ret_request, err);
    else
        code = graph_token_resolve(src, arena, &token, err);
    if (code < 0 || token.len == 0)
        return code;
    endpoint = is_tag_lookup(src, at) ? begin_tag_lookup(&u, src) : begin_list(&u, src, at);
    return graph_request_finish(src, &u, token, endpoint, arena, ret_request, err);
}

/* ---- replies --------------------------------------------------------------------------------- */

/* The first page of a walk that has its floor from now. */
static int parse_tag_lookup(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                            struct error *err)
{
    struct str id = json_id(json_get(json_array_get(json_get(value, "data"), 0), "id"), p->arena);
    int64_t floor_ms = timewalk_floor_ms(p->src, p->at, p->reply->received_at_ms);

    if (id.len == 0)
        return error_set(err, -EBADMSG, "no such hashtag");
    *ret_step = (struct source_step){.kind = STEP_PAGE};
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = p->at->low,
                                              .next = id,
                                              .floor = walk_floor_text(p->arena, floor_ms, false)};
    return 0;
}

static bool read_comments(const struct parsing *p, const json_t *media)
{
    const json_t *comments = json_get(media, "comments"), *data = json_get(comments, "data");
    struct str media_id = json_id(json_get(media, "id"), p->arena);

    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *comment = json_array_get(data, i);
        struct str parent = json_id(json_get(comment, "parent_id"), p->arena);
        struct mention *m = graph_post_read(p, comment, &comment_shape);

        if (!m)
            continue;
        m->url = json_get_text(media, "permalink");
        m->conversation = media_id;
        m->in_reply_to = parent.len > 0 ? parent : media_id;
        if (parent.len == 0)
            m->in_reply_to_author = json_get_text(media, "username");
    }
    return graph_comments_are_cut(p, comments, comment_shape.time);
}

static void read_media(const struct parsing *p, const json_t *media)
{
    struct mention *m = graph_post_read(p, media, &media_shape);

    if (m)
        m->conversation = json_id(json_get(media, "id"), p->arena);
}

/* Of a hashtag the next place goes behind its id. */
static struct str next_place(const struct parsing *p, const json_t *value)
{
    struct str next = graph_next(p, value, false), rest;

    if (next.len == 0 || config_of(p->src)->watch != WATCH_HASHTAG)
        return next;
    return arena_printf(p->arena, "%.*s %.*s", STR_FMT(str_split(p->at->next, ' ', &rest)), STR_FMT(next));
}

/* A hashtag's media of the last day only can be had. */
static void note_gap(const struct parsing *p, struct source_step *ret_step)
{
    int64_t low_ms = cursor_i64(p->at->low, 0), reach_ms = p->reply->received_at_ms - HASHTAG_REACH_MS;

    if (config_of(p->src)->watch != WATCH_HASHTAG || ret_step->kind != STEP_DONE || low_ms <= 0 ||
        low_ms >= reach_ms)
        return;
    ret_step->gap = true;
    ret_step->gap_from_ms = low_ms;
    ret_step->gap_to_ms = reach_ms;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct timewalk walk = timewalk_begin(&p);
    json_t *value = NULL;
    const json_t *data;
    bool cut = false;
    int code;

    if (reply->login)
        return graph_session_parse(&p, ret_step, err);
    if (graph_refused(&p, &value, ret_step, &code, err))
        return code;
    if (is_tag_lookup(src, at))
        return parse_tag_lookup(&p, value, ret_step, err);
    data = json_get(value, "data");
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *media = json_array_get(data, i);

        if (!timewalk_takes(&walk, json_get_text(media, "id"), json_get_time_ms(media, "timestamp")))
            continue;
        if (config_of(src)->watch == WATCH_COMMENTS)
            cut = read_comments(&p, media) || cut;
        else
            read_media(&p, media);
    }
    timewalk_step(&p, &walk, next_place(&p, value), ret_step);
    ret_step->gap = ret_step->gap || cut;
    note_gap(&p, ret_step);
    graph_read_budget(&p, ret_step);
    return 0;
}

const struct source_driver source_instagram = {
    .name = "instagram",
    .help = "Media an Instagram account is tagged in, comments on its own media, or recent media of a "
            "hashtag.",
    .options = options,
    .config_size = sizeof(struct instagram_config),
    .account_options = account_options,
    .account_size = sizeof(struct instagram_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 10 * 60 * 1000,
    .interval_min_ms = 60 * 1000,
    .overlap_ms = 24 * 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};

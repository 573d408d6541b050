/* Reviews of an own app on Google Play, by the Developer API: those of the last seven days that have
 * text, newest change first. A walk by time; a review's only time is that of its last change.
 *
 * The brand's answer comes with the review. It is given as a mention of its own, written by the package,
 * when the package is among the brand's own accounts: then it marks the review as answered. */
#include <errno.h>

#include "sources/googleplay_session.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define NETWORK "googleplay"
#define PAGE_REVIEWS 100
#define REACH_MS (7 * 24 * 3600 * 1000LL)
#define LIMITED_WAIT_MS (5 * 60 * 1000)

struct googleplay_config {
    struct str package;
    bool is_own; /* the package is among the brand's own accounts */
};

static const struct option account_options[] = {
    {.key = "key", .kind = OPTION_SECRET, .offset = offsetof(struct googleplay_account, key),
     .required = true,
     .help = "file:PATH of a service account's JSON key; it needs the permission 'Reply to reviews'."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct googleplay_account, api),
     .def = "https://androidpublisher.googleapis.com", .help = "Where the API is."},
    {0},
};

static const struct option options[] = {
    {.key = "package", .kind = OPTION_STRING, .offset = offsetof(struct googleplay_config, package),
     .required = true,
     .min = 1, .max = 150, .help = "The app's package, as com.acme.app."},
    {0},
};

static const struct googleplay_config *config_of(const struct source *src)
{
    return src->config;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct brand_settings *brand = settings_brand(settings, src->brand);
    struct googleplay_config *config = src->config;

    (void)d;
    for (size_t i = 0; brand && i < brand->n_own_accounts; i++) {
        if (str_eq(brand->own_accounts[i].network, STR(NETWORK)) &&
            str_eq_nocase(brand->own_accounts[i].handle, config->package))
            config->is_own = true;
    }
    return true;
}

static struct str host(const struct source *src, struct arena *arena)
{
    const struct googleplay_account *account = src->account->config;

    return arena_str(arena, url_authority(account->api));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    const struct googleplay_account *account = src->account->config;
    struct str token, text;
    struct url u;
    int code = googleplay_session_prepare(src->account, now_ms, arena, &token, ret_request, err);

    if (code < 0 || token.len == 0)
        return code;
    url_begin(&u, account->api, "/androidpublisher/v3/applications/");
    url_add_segment(&u, config_of(src)->package);
    buf_append_str(&u.text, STR("/reviews"));
    url_add_i64(&u, "maxResults", PAGE_REVIEWS);
    if (at->walking)
        url_add_param(&u, "token", at->next);
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "reviews", text);
    request_add_bearer_text(ret_request, token, arena);
    return 0;
}

/* ---- reviews --------------------------------------------------------------------------------- */

/* comments[] is a union: the first that has the key. */
static const json_t *find_comment(const json_t *review, const char *key)
{
    const json_t *comments = json_get(review, "comments");

    for (size_t i = 0; i < json_array_size(comments); i++) {
        const json_t *comment = json_get(json_array_get(comments, i), key);

        if (json_is_object(comment))
            return comment;
    }
    return NULL;
}

/* Seconds are a string, nanoseconds a number that may be missing. */
static int64_t modified_ms(const json_t *comment)
{
    const json_t *time = json_get(comment, "lastModified");
    int64_t seconds = json_get_i64(time, "seconds", 0), nanos = json_get_i64(time, "nanos", 0);

    if (seconds <= 0 || seconds > INT64_MAX / 1000 - 1)
        return 0;
    return seconds * 1000 + (nanos > 0 && nanos < 1000000000 ? nanos / 1000000 : 0);
}

/* As written, not as translated; old reviews have a tab between title and body, often with nothing before
 * it. */
static struct str read_text(const struct parsing *p, const json_t *comment)
{
    struct str original = json_get_text(comment, "originalText");
    struct str text = str_trim(original.len > 0 ? original : json_get_text(comment, "text")), body;
    struct str title = str_split(text, '\t', &body), joined;

    if (!body.s)
        return text;
    joined = arena_printf(p->arena, "%.*s\n%.*s", STR_FMT(str_trim(title)), STR_FMT(str_trim(body)));
    return joined.s ? joined : STR("");
}

static struct mention *add(const struct parsing *p, struct str id, const json_t *comment)
{
    struct str text = read_text(p, comment);
    struct mention *m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "review '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->text = text;
    /* of its last change: nothing tells whether there was one */
    m->created_at_ms = m->edited_at_ms = modified_ms(comment);
    m->fetched_at_ms = p->reply->received_at_ms;
    m->conversation = id;
    m->backfill = p->at->low.len == 0;
    m->url = arena_printf(p->arena, "https://play.google.com/store/apps/details?id=%.*s&reviewId=%.*s",
                          STR_FMT(config_of(p->src)->package), STR_FMT(id));
    mention_set_lang(m, STR(""));
    return m;
}

/* The reviewer's language is that of their device: asked only where the text does not tell. */
static void read_review(const struct parsing *p, const json_t *review, const json_t *comment)
{
    struct str id = json_id(json_get(review, "reviewId"), p->arena);
    struct str name = json_get_text(review, "authorName");
    struct str lang = json_get_text(comment, "reviewerLanguage");
    struct mention *m = add(p, id, comment);

    if (!m)
        return;
    m->kind = STR("review");
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(id));
    m->author.id = id; /* reviewers have no ids: each review its own */
    m->author.handle = m->author.name = name;
    m->likes = json_get_i64(comment, "thumbsUpCount", 0);
    if (str_eq(m->lang, STR("und")) && lang.len > 0)
        m->lang = lang;
    mention_add_named(m, config_of(p->src)->package);
}

static void read_answer(const struct parsing *p, const json_t *review)
{
    const json_t *answer = find_comment(review, "developerComment");
    struct str id = json_id(json_get(review, "reviewId"), p->arena);
    struct mention *m = answer && config_of(p->src)->is_own ? add(p, id, answer) : NULL;

    if (!m)
        return;
    m->kind = STR("comment");
    m->id = arena_printf(p->arena, NETWORK ":%.*s/answer", STR_FMT(id));
    m->in_reply_to = id;
    m->author.id = m->author.handle = config_of(p->src)->package;
}

static void read_reviews(const struct parsing *p, const json_t *reviews, struct timewalk *walk)
{
    for (size_t i = 0; i < json_array_size(reviews); i++) {
        const json_t *review = json_array_get(reviews, i), *comment = find_comment(review, "userComment");
        struct str id = json_id(json_get(review, "reviewId"), p->arena);

        if (!timewalk_takes(walk, id, modified_ms(comment)) && !find_comment(review, "developerComment"))
            continue;
        read_review(p, review, comment);
        read_answer(p, review);
    }
}

/* What is older than the API reaches back is lost: a daemon that was down for more than a week. */
static void note_gap(const struct parsing *p, struct source_step *ret_step)
{
    int64_t low_ms = cursor_i64(p->at->low, 0), reach_ms = p->reply->received_at_ms - REACH_MS;

    if (low_ms <= 0 || low_ms >= reach_ms || ret_step->kind != STEP_DONE)
        return;
    ret_step->gap = true;
    ret_step->gap_from_ms = low_ms;
    ret_step->gap_to_ms = reach_ms;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static bool is_limit(const json_t *error)
{
    static const char *const words[] = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded",
                                        "dailyLimitExceeded", "RESOURCE_EXHAUSTED"};
    struct str reason = json_get_text(json_array_get(json_get(error, "errors"), 0), "reason");
    struct str status = json_get_text(error, "status");

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(reason, str_from(words[i])) || str_eq(status, str_from(words[i])))
            return true;
    }
    return false;
}

/* {"error":{"code","message","status","errors":[{"reason"}]}} */
static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body), message;
    int status = p->reply->http->status;
    const json_t *error;
    json_t *value = NULL;

    if (status == 401) {
        googleplay_session_refused(p, ret_step);
        return true;
    }
    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (str_starts_with(body, STR("{")) && parsing_load(p, &value, NULL) < 0)
        value = NULL;
    error = json_get(value, "error");
    message = json_get_text(error, "message");
    if (status == 403 && is_limit(error))
        ret_step->kind = STEP_WAIT;
    if (ret_step->kind == STEP_WAIT && ret_step->wait_ms == 0)
        ret_step->wait_ms = LIMITED_WAIT_MS;
    if (status == 400 && p->at->walking)
        /* a page's token that is over: the walk begins anew with the next poll */
        step_done(ret_step, p->at->low);
    else if (message.len > 0)
        ret_step->reason = arena_printf(p->arena, "%.*s: %.*s", STR_FMT(ret_step->reason), STR_FMT(message));
    return true;
}

/* Without reviews there is no member `reviews`; a token or the page's numbers may still be there. */
static bool is_empty_list(const json_t *value)
{
    return json_object_size(value) == 0 || json_get(value, "tokenPagination") || json_get(value, "pageInfo");
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct timewalk walk = timewalk_begin(&p);
    json_t *value = NULL;
    const json_t *reviews;
    int code;

    if (reply->login)
        return googleplay_session_parse(&p, ret_step, err);
    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    reviews = json_get(value, "reviews");
    if (!json_is_object(value) || (reviews && !json_is_array(reviews)) || (!reviews && !is_empty_list(value)))
        return error_set(err, -EBADMSG, "an answer that is no list of reviews");
    read_reviews(&p, reviews, &walk);
    timewalk_step(&p, &walk, json_get_text(json_get(value, "tokenPagination"), "nextPageToken"), ret_step);
    note_gap(&p, ret_step);
    return 0;
}

const struct source_driver source_googleplay = {
    .name = "googleplay",
    .help = "Reviews of an own app on Google Play.",
    .options = options,
    .config_size = sizeof(struct googleplay_config),
    .account_options = account_options,
    .account_size = sizeof(struct googleplay_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 15 * 60 * 1000,
    .interval_min_ms = 60 * 1000, /* 200 requests an hour */
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};

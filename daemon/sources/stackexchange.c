/* Stack Exchange's API 2.3: questions of one site by words or tags, questions and answers as excerpts, or all
 * comments.
 *
 * Lists are newest first and asked for from a date on, page by page until has_more is false. Any answer may
 * carry a `backoff`: seconds for which the same method must not be called; it goes out as the endpoint's
 * budget being empty for that long. What is left of the day's quota goes the same way. Every answer is
 * compressed, asked for or not: the HTTP client sees to that. */
#include <errno.h>

#include "sources/stackexchange_post.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define PAGE_ITEMS 100
#define PAGES_WITHOUT_KEY 25
#define PAGES_MAX 1000
#define LOOKUP_ITEMS 100
#define BACKOFF_MARGIN_S 2 /* waits to the second were punished all the same */
#define VIOLATION_WAIT_MS (5 * 60 * 1000)
#define DAY_MS (24 * 3600 * 1000LL)

enum look { LOOK_QUESTIONS, LOOK_ALL, LOOK_COMMENTS };
static const char *const looks[] = {"questions", "all", "comments", NULL};

static const struct {
    const char *path, *endpoint, *lookup;
} methods[] = {
    [LOOK_QUESTIONS] = {"/search/advanced", "search/advanced", "/questions/"},
    [LOOK_ALL] = {"/search/excerpts", "search/excerpts", "/posts/"},
    [LOOK_COMMENTS] = {"/comments", "comments", "/comments/"},
};

struct stackexchange_account {
    struct secret key;
};

struct stackexchange_config {
    struct str api, site, query;
    struct str_list tags;
    int look; /* enum look */
    bool everything;
};

static const struct option account_options[] = {
    {.key = "key", .kind = OPTION_CREDENTIAL, .offset = offsetof(struct stackexchange_account, key),
     .required = true, .help = "App key from stackapps.com: 10,000 requests a day instead of 300."},
    {0},
};

static const struct option options[] = {
    {.key = "site", .kind = OPTION_STRING, .offset = offsetof(struct stackexchange_config, site),
     .required = true, .min = 1, .max = 64, .help = "As stackoverflow, serverfault, unix, pt.stackoverflow."},
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct stackexchange_config, query), .min = 1,
     .max = 300, .help = "Words in title or body."},
    {.key = "tags", .kind = OPTION_LIST, .offset = offsetof(struct stackexchange_config, tags), .max = 20,
     .help = "Only questions with any of these tags."},
    {.key = "look", .kind = OPTION_ENUM, .offset = offsetof(struct stackexchange_config, look),
     .choices = looks,
     .def = "questions",
     .help = "questions, all (questions and answers, as excerpts), or all comments of the site."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct stackexchange_config, everything),
     .def = "false", .help = "Also what does not have the brand's terms: for tags of the brand's own."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct stackexchange_config, api),
     .def = "https://api.stackexchange.com/2.3", .help = "Where the API is."},
    {0},
};

static const struct stackexchange_config *config_of(const struct source *src)
{
    return src->config;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct stackexchange_config *config = config_of(src);
    bool comments = config->look == LOOK_COMMENTS;
    const char *wrong = NULL;

    if (comments && (config->query.len > 0 || config->tags.n > 0))
        wrong = "comments cannot be searched: leave query and tags out";
    else if (!comments && config->query.len == 0 && config->tags.n == 0)
        wrong = "give a query, tags, or look: comments";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    src->unfiltered = config->everything;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(config_of(src)->api));
}

/* ---- requests ------------------------------------------------------------------------------ */

static int64_t page_of(const struct source_cursor *at)
{
    int64_t page = at->walking ? cursor_i64(at->next, 1) : 1;

    return page > 0 && page <= PAGES_MAX ? page : 1;
}

static struct str joined(const struct str_list *list, struct arena *arena)
{
    struct buf b = BUF_INIT(4 * 1024);
    struct str text;

    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            buf_append_char(&b, ';');
        buf_append_str(&b, list->items[i]);
    }
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct stackexchange_account *account = src->account->config;
    char *key = NULL;
    struct str text;
    int code = account ? secret_resolve(&account->key, &key, err) : 0, built;

    if (code == 0 && key)
        url_add_param(u, "key", str_from(key));
    secret_free(key);
    built = url_finish(u, arena, &text, code < 0 ? NULL : err);
    if (code < 0 || built < 0)
        return code < 0 ? code : built;
    request_begin_get(ret_request, endpoint, text);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct stackexchange_config *config = config_of(src);
    int64_t floor_ms = timewalk_floor_ms(src, at, now_ms);
    struct url u;

    url_begin(&u, config->api, methods[config->look].path);
    url_add_param(&u, "site", config->site);
    url_add_param(&u, "q", config->query);
    url_add_param(&u, "tagged", joined(&config->tags, arena));
    url_add_param(&u, "sort", STR("creation"));
    url_add_param(&u, "order", STR("desc"));
    if (floor_ms > 0)
        url_add_i64(&u, "fromdate", floor_ms / 1000);
    url_add_i64(&u, "pagesize", PAGE_ITEMS);
    url_add_i64(&u, "page", page_of(at));
    url_add_param(&u, "filter", config->look == LOOK_ALL ? STR("") : STR("withbody"));
    return begin_request(src, &u, methods[config->look].endpoint, arena, ret_request, err);
}

/* ---- budgets in the body ------------------------------------------------------------------- */

static int64_t until_midnight_ms(int64_t now_ms)
{
    return DAY_MS - now_ms % DAY_MS;
}

static void read_budget(const json_t *value, int64_t now_ms, struct source_step *ret_step)
{
    int64_t backoff_s = json_get_i64(value, "backoff", 0),
            remaining = json_get_i64(value, "quota_remaining", -1);

    ret_step->budget = (struct source_budget){.limit = json_get_i64(value, "quota_max", -1),
                                              .remaining = remaining,
                                              .reset_ms = until_midnight_ms(now_ms),
                                              .told = remaining >= 0};
    if (backoff_s <= 0 || backoff_s > DAY_MS / 1000)
        return;
    ret_step->budget.told = true;
    ret_step->budget.remaining = 0;
    ret_step->budget.reset_ms = (backoff_s + BACKOFF_MARGIN_S) * 1000;
}

/* ---- pages --------------------------------------------------------------------------------- */

static void read_items(const struct parsing *p, const json_t *items, struct timewalk *walk)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct mention *m;

        if (!timewalk_takes(walk, stackexchange_post_key(p, item), stackexchange_post_time_ms(item)))
            continue;
        m = stackexchange_post_read(p, item, config_of(p->src)->site);
        if (m)
            m->backfill = p->at->low.len == 0;
    }
}

static int parse_items(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    int64_t page = page_of(p->at), most = p->src->account->config ? PAGES_MAX : PAGES_WITHOUT_KEY;
    struct timewalk walk = timewalk_begin(p);
    const json_t *items;
    json_t *value = NULL;
    bool more;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    items = json_get(value, "items");
    if (!json_is_array(items))
        return error_set(err, -EBADMSG, "an answer without items");
    read_items(p, items, &walk);
    more = json_get_bool(value, "has_more");
    if (more && page >= most && !timewalk_is_past(&walk))
        timewalk_done(p, &walk, p->at->low.len > 0, ret_step);
    else
        timewalk_step(p, &walk, more ? cursor_from_i64(p->arena, page + 1) : STR(""), ret_step);
    read_budget(value, p->reply->received_at_ms, ret_step);
    return 0;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* By error_id, whatever the status. */
static const struct {
    int64_t id;
    enum step_kind kind;
} refusals[] = {{500, STEP_RETRY}, {502, STEP_WAIT}, {503, STEP_RETRY}};

/* "…, more requests available in 67194 seconds" */
static int64_t wait_told(struct str message)
{
    static const char before[] = "available in ";
    size_t at = str_find(message, str_from(before));
    struct str digits, rest;
    int64_t seconds = 0;

    if (at == SIZE_MAX)
        return VIOLATION_WAIT_MS;
    digits = str_split(str_slice(message, at + strlen(before), message.len), ' ', &rest);
    if (!str_to_i64(digits, 1, DAY_MS / 1000, &seconds))
        return VIOLATION_WAIT_MS;
    return (seconds + BACKOFF_MARGIN_S) * 1000;
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body), message;
    json_t *value = NULL;
    int64_t id;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (p->reply->http->status < 400 || !str_starts_with(body, STR("{")) || parsing_load(p, &value, NULL) < 0)
        return true;
    id = json_get_i64(value, "error_id", 0);
    message = json_get_text(value, "error_message");
    if (id == 0)
        return true;
    *ret_step = (struct source_step){.kind = STEP_STOP};
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].id == id)
            ret_step->kind = refusals[i].kind;
    }
    ret_step->reason = arena_printf(p->arena, "%.*s: %.*s", STR_FMT(json_get_text(value, "error_name")),
                                    STR_FMT(str_cut_utf8(message, 200)));
    if (ret_step->kind == STEP_WAIT)
        ret_step->wait_ms = wait_told(message);
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};

    if (parse_refusal(&p, ret_step))
        return 0;
    return parse_items(&p, ret_step, err);
}

/* ---- what became of them ------------------------------------------------------------------- */

/* "12" of "stackexchange:site/q/12" */
static struct str number_of(struct str id)
{
    size_t at = id.len;

    while (at > 0 && id.s[at - 1] != '/')
        at--;
    return str_slice(id, at, id.len);
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    const struct stackexchange_config *config = config_of(src);
    struct url u;

    url_begin(&u, config->api, methods[config->look].lookup);
    for (size_t i = 0; i < asked->n; i++) {
        if (i > 0)
            buf_append_char(&u.text, ';');
        url_add_segment(&u, number_of(asked->ids[i]));
    }
    url_add_param(&u, "site", config->site);
    url_add_i64(&u, "pagesize", LOOKUP_ITEMS);
    return begin_request(src, &u, methods[config->look].lookup + 1, arena, ret_request, err);
}

static bool is_listed(const struct parsing *p, const json_t *items, struct str number)
{
    static const char *const keys[] = {"question_id", "answer_id", "comment_id", "post_id"};

    for (size_t i = 0; i < json_array_size(items); i++) {
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            if (str_eq(json_id(json_get(json_array_get(items, i), keys[k]), p->arena), number))
                return true;
        }
    }
    return false;
}

static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere = {.low = {"0", 1}};
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    const json_t *items;
    json_t *value = NULL;
    int code;

    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    items = json_get(value, "items");
    if (!json_is_array(items))
        return error_set(err, -EBADMSG, "an answer without items");
    for (size_t i = 0; i < asked->n; i++) {
        if (!is_listed(&p, items, number_of(asked->ids[i])))
            source_page_gone(page, asked->ids[i]);
    }
    step_done(ret_step, STR(""));
    read_budget(value, reply->received_at_ms, ret_step);
    return 0;
}

const struct source_driver source_stackexchange = {
    .name = "stackexchange",
    .help = "Questions, answers or comments of one Stack Exchange site.",
    .options = options,
    .config_size = sizeof(struct stackexchange_config),
    .account_options = account_options,
    .account_size = sizeof(struct stackexchange_account),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 5 * 60 * 1000,
    .interval_min_ms = 60 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = LOOKUP_ITEMS,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};

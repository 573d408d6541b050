/* X: recent search (seven days), or the mentions of one account, with an app's bearer token.
 *
 * Answers come newest first. The cursor is the newest id of a walk that was read to its end; a poll asks for
 * all that is newer than that less the overlap, which follows from the time inside of ids, and pages by the
 * network's token. A search refuses a cursor from before its seven days: it then begins where it may, and
 * says that there is a gap.
 *
 * Field names have two dialects, "tweet" and "post": where the configuration leaves it open, the one that was
 * not refused is kept in the account's session, beside the ids of the handles whose mentions are read. */
#include "sources/x.h"

#include <errno.h>

#include "mentiond/clock.h"
#include "sources/url.h"

#define PAGE_POSTS 100
#define LOOKUP_POSTS 100
#define MENTIONS_REACH 800 /* newest mentions of an account that can be had */
#define SEARCH_REACH_MS ((7 * 24 * 60 - 10) * 60 * 1000LL)  /* seven days less a margin for clocks */
#define LIMITED_WAIT_MS (15 * 60 * 1000)                    /* the window, where no header tells */
#define DAY_MS (24 * 3600 * 1000LL)
#define WAIT_MARGIN_MS 1000
#define HANDLE_MAX 50

enum dialect { DIALECT_AUTO, DIALECT_TWEET, DIALECT_POST };
static const char *const dialects[] = {"auto", "tweet", "post", NULL};

struct x_account {
    struct str api;
    struct secret token;
    int fields; /* enum dialect */
    int64_t micro_usd_per_post, micro_usd_per_user;
};

struct x_config {
    struct str query;
    struct str mentions_of;
};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct x_account, token), .required = true,
     .help = "The app's bearer token, exactly as X shows it."},
    {.key = "fields", .kind = OPTION_ENUM, .offset = offsetof(struct x_account, fields), .choices = dialects,
     .def = "auto",
     .help = "Names of fields in requests: 'post' is the newer dialect; 'auto' tries and keeps one."},
    {.key = "micro_usd_per_post", .kind = OPTION_INT,
     .offset = offsetof(struct x_account, micro_usd_per_post),
     .def = "5000", .min = 0, .max = 1000000,
     .help = "What a post costs to read, in millionths of a dollar."},
    {.key = "micro_usd_per_user", .kind = OPTION_INT,
     .offset = offsetof(struct x_account, micro_usd_per_user),
     .def = "10000", .min = 0, .max = 1000000, .help = "What an author's profile costs to read."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct x_account, api), .def = "https://api.x.com",
     .help = "Where the API is."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct x_config, query), .min = 1, .max = 4096,
     .help = "Search of the last seven days, with X's operators; -is:retweet leaves reposts out."},
    {.key = "mentions_of", .kind = OPTION_STRING, .offset = offsetof(struct x_config, mentions_of), .min = 1,
     .max = HANDLE_MAX,
     .help = "Handle or numeric id: posts that mention this account, instead of a search."},
    {0},
};

static const struct x_account *account_of(const struct source *src)
{
    return src->account->config;
}

static bool is_search(const struct source *src)
{
    const struct x_config *config = src->config;

    return config->query.len > 0;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct x_config *config = src->config;

    if ((config->query.len > 0) != (config->mentions_of.len > 0))
        return true;
    diag_error(d, settings->doc, src->settings->mark,
               "brands.%.*s.sources.%.*s: give either query or mentions_of", STR_FMT(src->brand),
               STR_FMT(src->name));
    return false;
}

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("api.x.com"));
}

/* ---- the session: words like "fields=post", "refused=tweet", "@acme=12345" ------------------ */

static struct str session_get(struct str session, struct str key)
{
    while (session.len > 0) {
        struct str value, name = str_split(str_split(session, ' ', &session), '=', &value);

        if (str_eq_nocase(name, key))
            return value;
    }
    return STR("");
}

static void step_remember(const struct parsing *p, struct str key, struct str value,
                          struct source_step *ret_step)
{
    struct str old = p->src->account->session;
    struct str session = arena_printf(p->arena, "%.*s=%.*s%s%.*s", STR_FMT(key), STR_FMT(value),
                                      old.len ? " " : "", STR_FMT(old));

    if (session.len > SOURCE_SESSION_MAX)
        session = arena_printf(p->arena, "%.*s=%.*s", STR_FMT(key), STR_FMT(value));
    *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = session};
}

static enum dialect dialect_of(const struct source *src)
{
    if (account_of(src)->fields != DIALECT_AUTO)
        return (enum dialect)account_of(src)->fields;
    return str_eq(session_get(src->account->session, STR("fields")), STR("tweet")) ? DIALECT_TWEET
                                                                                   : DIALECT_POST;
}

static struct str bare_handle(const struct source *src)
{
    const struct x_config *config = src->config;
    struct str handle = config->mentions_of;

    return str_starts_with(handle, STR("@")) ? str_slice(handle, 1, handle.len) : handle;
}

/* The numeric id of mentions_of; "" while it is not known. */
static struct str user_id(const struct source *src, struct arena *arena)
{
    struct str handle = bare_handle(src);
    int64_t number;

    if (str_to_i64(handle, 1, INT64_MAX, &number))
        return handle;
    return session_get(src->account->session, arena_printf(arena, "@%.*s", STR_FMT(handle)));
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* cursor.next is "posts so far, token"; without a token the walk is at its first page. */
struct place {
    int64_t n_posts;
    struct str token;
};

static struct place place_parse(struct str next)
{
    struct place x = {0};

    x.n_posts = cursor_i64(str_split(next, ' ', &x.token), 0);
    return x;
}

/* Ids up to this one are not asked for; 0: no lower end, which is one page only. */
static int64_t floor_id(const struct source *src, const struct source_cursor *at, int64_t now_ms)
{
    int64_t low = cursor_i64(at->low, 0), floor = 0;
    int64_t reach = is_search(src) ? x_id_at(now_ms - SEARCH_REACH_MS) : 0;

    if (at->walking)
        return walk_floor(at, 0);
    if (low > 0)
        floor = x_id_at(x_id_time_ms(low) - src->overlap_ms) + 1;
    else if (src->backfill_ms > 0)
        floor = x_id_at(now_ms - src->backfill_ms);
    return floor > 0 && floor < reach ? reach : floor;
}

/* ---- requests ------------------------------------------------------------------------------ */

static void add_fields(struct url *u, enum dialect dialect)
{
    static const struct {
        const char *name, *fields, *expansions;
    } of[] = {
        [DIALECT_TWEET] = {"tweet.fields",
                           "created_at,lang,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,"
                           "public_metrics,entities,geo,note_tweet,edit_controls,possibly_sensitive,withheld",
                           "author_id,geo.place_id,referenced_tweets.id,in_reply_to_user_id"},
        [DIALECT_POST] =
            {"post.fields",
             "created_at,lang,conversation_id,public_metrics,entities,geo,note_post,edit_controls,"
             "possibly_sensitive,withheld",
             "author_id,geo.place_id,referenced_posts,in_reply_to_user_id,edit_history_post_ids"},
    };

    url_add_param(u, of[dialect].name, str_from(of[dialect].fields));
    url_add_param(u, "expansions", str_from(of[dialect].expansions));
    url_add_param(u, "user.fields",
                  STR("username,name,verified,verified_type,public_metrics,protected,location,created_at"));
    url_add_param(u, "place.fields", STR("full_name,country_code,place_type,geo"));
}

static void begin_posts(struct url *u, const struct source *src, struct arena *arena)
{
    const struct x_config *config = src->config;

    if (is_search(src)) {
        url_begin(u, account_of(src)->api, "/2/tweets/search/recent");
        url_add_param(u, "query", config->query);
        url_add_param(u, "sort_order", STR("recency"));
        return;
    }
    url_begin(u, account_of(src)->api, "/2/users/");
    url_add_segment(u, user_id(src, arena));
    buf_append_str(&u->text, STR("/mentions"));
}

/* What is known ends the walk, the backfill's time the first one: at most one of the two may be sent. */
static void add_floor(struct url *u, int64_t floor, bool first_run)
{
    char iso[CLOCK_ISO_LEN + 1];

    if (floor <= 0)
        return;
    clock_format_iso(x_id_time_ms(floor), iso);
    snprintf(iso + strlen("2026-11-21T18:32:00"), 2, "Z"); /* X takes whole seconds */
    if (first_run)
        url_add_param(u, "start_time", str_from(iso));
    else
        url_add_i64(u, "since_id", floor);
}

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    return request_add_bearer(ret_request, &account_of(src)->token, arena, err);
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct place place = at->walking ? place_parse(at->next) : (struct place){0};
    struct url u;
    int code;

    if (!is_search(src) && user_id(src, arena).len == 0) {
        url_begin(&u, account_of(src)->api, "/2/users/by/username/");
        url_add_segment(&u, bare_handle(src));
        code = begin_request(src, &u, "users", arena, ret_request, err);
        ret_request->login = true;
        return code;
    }
    begin_posts(&u, src, arena);
    url_add_i64(&u, "max_results", PAGE_POSTS);
    add_floor(&u, floor_id(src, at, now_ms), at->low.len == 0);
    url_add_param(&u, "pagination_token", place.token);
    add_fields(&u, dialect_of(src));
    return begin_request(src, &u, is_search(src) ? "search" : "mentions", arena, ret_request, err);
}

/* ---- pages --------------------------------------------------------------------------------- */

struct extent {
    int64_t newest; /* id */
    size_t n, n_new;
};

static int64_t id_number(struct str id)
{
    int64_t number = 0;

    str_to_i64(id, 1, INT64_MAX, &number);
    return number;
}

static void read_posts(const struct parsing *p, const json_t *value, struct extent *ret)
{
    const json_t *data = json_get(value, "data"), *includes = json_get(value, "includes");
    int64_t low = cursor_i64(p->at->low, 0);

    ret->n = json_array_size(data);
    ret->newest = id_number(json_text(json_path(value, "meta.newest_id")));
    for (size_t i = 0; i < ret->n; i++) {
        const json_t *post = json_array_get(data, i);
        int64_t id = id_number(json_id(json_get(post, "id"), p->arena));
        struct mention *m = x_post_read(p, post, includes);

        if (m)
            m->backfill = p->at->low.len == 0;
        ret->newest = id > ret->newest ? id : ret->newest;
        ret->n_new += id > low;
    }
}

/* What is read again on the same day is not charged again. */
static int64_t price_of(const struct parsing *p, const json_t *value, const struct extent *e)
{
    const struct x_account *account = account_of(p->src);
    size_t n_users = json_array_size(json_path(value, "includes.users"));

    if (e->n_new == 0)
        return 0;
    return (int64_t)e->n_new * account->micro_usd_per_post + (int64_t)n_users * account->micro_usd_per_user;
}

/* The cursor after this walk. A post from the future must not end all reading. */
static int64_t high_of(const struct parsing *p, const struct extent *e)
{
    int64_t low = cursor_i64(p->at->low, 0), now_id = x_id_at(p->reply->received_at_ms);
    int64_t high = p->at->walking && p->at->high.len > 0 ? cursor_i64(p->at->high, 0) : e->newest;

    high = high > now_id ? now_id : high;
    return high < low ? low : high;
}

static void step_on(const struct parsing *p, const json_t *value, const struct extent *e,
                    struct source_step *ret_step)
{
    struct place place = p->at->walking ? place_parse(p->at->next) : (struct place){0};
    int64_t floor = floor_id(p->src, p->at, p->reply->received_at_ms), low = cursor_i64(p->at->low, 0);
    int64_t high_id = high_of(p, e);
    struct str high = high_id > 0 ? cursor_from_i64(p->arena, high_id) : STR("");
    struct str token = json_text(json_path(value, "meta.next_token"));
    bool repeated = token.len > 0 && str_eq(token, place.token);

    place.n_posts += (int64_t)e->n;
    step_done(ret_step, high);
    ret_step->gap =
        (low > 0 && floor > low) || (!is_search(p->src) && low > 0 && place.n_posts >= MENTIONS_REACH);
    if (token.len == 0 || floor == 0)
        return;
    if (token.len > SOURCE_CURSOR_FIELD_MAX / 2 || (repeated && walk_was_repeated(p->at))) {
        ret_step->gap = true; /* the network does not let us go on */
        return;
    }
    ret_step->gap = false;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){
        .low = p->at->low,
        .walking = true,
        .high = high,
        .next = arena_printf(p->arena, "%lld %.*s", (long long)place.n_posts, STR_FMT(token)),
        .floor = walk_floor_text(p->arena, floor, repeated)};
}

static int parse_posts(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct extent e = {0};
    json_t *value = NULL;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    if (!json_is_object(json_get(value, "meta")) && !json_is_array(json_get(value, "data")))
        return error_set(err, -EBADMSG, "an answer without data or meta: %.*s",
                         STR_FMT(str_cut_utf8(json_get_text(value, "title"), 100)));
    read_posts(p, value, &e);
    step_on(p, value, &e, ret_step);
    ret_step->spent_micro_usd = price_of(p, value, &e);
    return 0;
}

/* ---- whose mentions ------------------------------------------------------------------------ */

static int parse_user(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct str id, handle = bare_handle(p->src);
    json_t *value = NULL;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    id = json_text(json_path(value, "data.id"));
    if (id_number(id) == 0) {
        step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "X knows no account '%.*s'", STR_FMT(handle)));
        return 0;
    }
    step_remember(p, arena_printf(p->arena, "@%.*s", STR_FMT(handle)), id, ret_step);
    ret_step->spent_micro_usd = account_of(p->src)->micro_usd_per_user;
    return 0;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* What a problem's body says, the first of its errors before the general words. */
static struct str problem_text(const json_t *problem)
{
    static const char *const names[] = {"message", "detail", "title", "error"};
    const json_t *levels[] = {json_array_get(json_get(problem, "errors"), 0), problem};

    for (size_t level = 0; level < ARRAY_LEN(levels); level++) {
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            struct str text = json_get_text(levels[level], names[i]);

            if (text.len > 0)
                return str_cut_utf8(text, 300);
        }
    }
    return STR("");
}

static bool names_parameter(const json_t *problem, const char *name)
{
    const json_t *errors = json_get(problem, "errors");

    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *one = json_array_get(errors, i);

        if (json_object_get(json_get(one, "parameters"), name) ||
            str_find(json_get_text(one, "message"), str_from(name)) != SIZE_MAX)
            return true;
    }
    return false;
}

/* "… larger than 2069097036665323520", or as far back as a search goes. */
static int64_t least_since_id(const struct parsing *p, struct str text)
{
    static const char before[] = "larger than ";
    size_t at = str_find(text, str_from(before)), end;
    int64_t reach = x_id_at(p->reply->received_at_ms - SEARCH_REACH_MS);

    if (at == SIZE_MAX)
        return reach;
    text = str_slice(text, at + strlen(before), text.len);
    for (end = 0; end < text.len && text.s[end] >= '0' && text.s[end] <= '9'; end++)
        ;
    at = (size_t)id_number(str_slice(text, 0, end));
    return at > 0 ? (int64_t)at : reach;
}

/* Begins the walk anew where X lets us. False if that was tried. */
static bool begin_later(const struct parsing *p, struct str text, struct source_step *ret_step)
{
    int64_t floor = least_since_id(p, text), asked = floor_id(p->src, p->at, p->reply->received_at_ms);

    if (floor <= asked)
        return false;
    *ret_step = (struct source_step){.kind = STEP_PAGE,
                                     .cursor = {.low = p->at->low,
                                                .walking = true,
                                                .floor = walk_floor_text(p->arena, floor, false)}};
    return true;
}

/* The other names of fields, once. */
static bool switch_dialect(const struct parsing *p, const json_t *problem, struct source_step *ret_step)
{
    enum dialect now = dialect_of(p->src), other = now == DIALECT_POST ? DIALECT_TWEET : DIALECT_POST;
    char name[32];

    snprintf(name, sizeof(name), "%s.fields", dialects[now]);
    if (account_of(p->src)->fields != DIALECT_AUTO ||
        session_get(p->src->account->session, STR("fields")).len > 0 ||
        (!names_parameter(problem, name) && !names_parameter(problem, "expansions")))
        return false;
    step_remember(p, STR("fields"), str_from(dialects[other]), ret_step);
    return true;
}

static void refused_400(const struct parsing *p, const json_t *problem, struct source_step *ret_step)
{
    struct str text = problem_text(problem);

    if (names_parameter(problem, "since_id") && begin_later(p, text, ret_step))
        return;
    if (switch_dialect(p, problem, ret_step))
        return;
    if (p->at->walking && names_parameter(problem, "pagination_token")) {
        step_done(ret_step, p->at->low); /* a token that is no longer accepted: walk anew */
        return;
    }
    step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "X refused the request: %.*s", STR_FMT(text)));
}

static void refused_402(const struct parsing *p, const json_t *problem, struct source_step *ret_step)
{
    step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "HTTP 402, no credits left at X: %.*s",
                                                STR_FMT(problem_text(problem))));
}

static void refused_429(const struct parsing *p, const json_t *problem, struct source_step *ret_step)
{
    int64_t now_ms = p->reply->received_at_ms, wait_ms = http_retry_after_ms(p->reply->http, now_ms);
    bool capped = str_find(json_get_text(problem, "type"), STR("usage-capped")) != SIZE_MAX;

    step_fail(ret_step, STEP_WAIT, capped ? STR("HTTP 429, the plan's posts are used up")
                                          : STR("HTTP 429, too many requests"));
    ret_step->wait_ms = wait_ms >= 0 ? wait_ms + WAIT_MARGIN_MS : LIMITED_WAIT_MS;
    if (capped) /* until the next UTC day; a month's cap is asked for once a day */
        ret_step->wait_ms = DAY_MS - now_ms % DAY_MS + WAIT_MARGIN_MS;
}

static const struct {
    int status;
    void (*act)(const struct parsing *p, const json_t *problem, struct source_step *ret_step);
} refusals[] = {{400, refused_400}, {402, refused_402}, {429, refused_429}};

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body);
    json_t *problem = NULL;

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].status != p->reply->http->status)
            continue;
        if (str_starts_with(body, STR("{")))
            parsing_load(p, &problem, NULL); /* none, if it is not JSON */
        refusals[i].act(p, problem, ret_step);
        return true;
    }
    return source_step_for_status(p->reply, p->arena, ret_step);
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};

    if (parse_refusal(&p, ret_step))
        return 0;
    return reply->login ? parse_user(&p, ret_step, err) : parse_posts(&p, ret_step, err);
}

/* ---- what became of posts ------------------------------------------------------------------ */

static struct str asked_id(const struct source_lookup *asked, size_t i)
{
    struct str id = asked->ids[i];

    if (asked->natives[i].len > 0)
        return asked->natives[i];
    str_split(id, ':', &id);
    return id;
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct buf ids = BUF_INIT(LOOKUP_POSTS * 24);
    struct url u;

    for (size_t i = 0; i < asked->n; i++) {
        if (i > 0)
            buf_append_char(&ids, ',');
        buf_append_str(&ids, asked_id(asked, i));
    }
    url_begin(&u, account_of(src)->api, "/2/tweets");
    url_add_param(&u, "ids", buf_str(&ids));
    buf_finish(&ids);
    add_fields(&u, dialect_of(src));
    return begin_request(src, &u, "lookup", arena, ret_request, err);
}

/* Deleted, suspended and protected posts are named one by one. */
static void read_missing(const struct parsing *p, const struct source_lookup *asked, const json_t *errors)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        struct str id = json_id(json_get(json_array_get(errors, i), "value"), p->arena);

        for (size_t k = 0; k < asked->n; k++) {
            if (str_eq(id, asked_id(asked, k)))
                source_page_gone(p->page, asked->ids[k]);
        }
    }
}

static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere = {.low = {"0", 1}};
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    struct extent e = {0};
    json_t *value = NULL;
    int code;

    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    read_posts(&p, value, &e);
    read_missing(&p, asked, json_get(value, "errors"));
    step_done(ret_step, STR(""));
    ret_step->spent_micro_usd = price_of(&p, value, &e);
    return 0;
}

const struct source_driver source_x = {
    .name = "x",
    .help =
        "Recent search of X, or the mentions of an account, with an app's bearer token; paid by the post.",
    .options = options,
    .config_size = sizeof(struct x_config),
    .account_options = account_options,
    .account_size = sizeof(struct x_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 5 * 1000,
    .overlap_ms = 2 * 60 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = LOOKUP_POSTS,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};

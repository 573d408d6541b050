/* Lemmy 0.18 and 0.19 (API v3): search of one instance, what is new in a community, or mentions of the
 * account's user.
 *
 * Comments and posts are two lists, newest first: a poll walks the one, then the other, back by time with an
 * overlap, as what comes from other instances keeps the time it had there. Pages are numbers, so they shift
 * while posts arrive, which gives things twice, and while posts are deleted, which the overlap mends. The end
 * is an empty page.
 *
 * Search finds any part of a word, so what it gives is filtered by the brand's terms. */
#include "sources/lemmy.h"

#include <errno.h>

#include "sources/timewalk.h"
#include "sources/url.h"

#define PAGE_VIEWS 50
#define PAGES_MAX 1000

enum list { LIST_COMMENTS, LIST_POSTS, LIST_MENTIONS, LIST_NONE };

static const struct {
    const char *name, *type, *path, *member;
} lists[] = {
    [LIST_COMMENTS] = {"comments", "Comments", "/api/v3/comment/list", "comments"},
    [LIST_POSTS] = {"posts", "Posts", "/api/v3/post/list", "posts"},
    [LIST_MENTIONS] = {"mentions", "", "/api/v3/user/mention", "mentions"},
};

enum look { LOOK_ALL, LOOK_COMMENTS, LOOK_POSTS, LOOK_MENTIONS };
static const char *const looks[] = {"all", "comments", "posts", "mentions", NULL};

struct lemmy_config {
    struct str instance, query, community;
    int look; /* enum look */
    bool everything;
};

static const struct option account_options[] = {
    {.key = "instance", .kind = OPTION_URL, .offset = offsetof(struct lemmy_account, instance),
     .required = true,
     .help = "Where the account lives, as https://lemmy.world."},
    {.key = "username", .kind = OPTION_CREDENTIAL, .offset = offsetof(struct lemmy_account, username),
     .required = true, .help = "Name or e-mail."},
    {.key = "password", .kind = OPTION_SECRET, .offset = offsetof(struct lemmy_account, password),
     .required = true, .help = "Its password; accounts with two factors cannot be used."},
    {.key = "auth_in_url", .kind = OPTION_BOOL, .offset = offsetof(struct lemmy_account, auth_in_url),
     .def = "false", .help = "For 0.18, which wants the token as a parameter."},
    {0},
};

static const struct option options[] = {
    {.key = "instance", .kind = OPTION_URL, .offset = offsetof(struct lemmy_config, instance),
     .help = "The server to ask; the account's if there is one."},
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct lemmy_config, query), .min = 1,
     .max = 300,
     .help = "Search of what the instance has heard of."},
    {.key = "community", .kind = OPTION_STRING, .offset = offsetof(struct lemmy_config, community), .min = 1,
     .max = 255, .help = "All that is new there instead, as acme or acme@lemmy.world."},
    {.key = "look", .kind = OPTION_ENUM, .offset = offsetof(struct lemmy_config, look), .choices = looks,
     .def = "all",
     .help = "comments, posts, all (both), or mentions of the account's user, which need no query."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct lemmy_config, everything),
     .def = "false",
     .help = "Also what does not have the brand's terms: for the brand's own community."},
    {0},
};

static const struct lemmy_account *account_of(const struct source *src)
{
    return src->account->config;
}

static const struct lemmy_config *config_of(const struct source *src)
{
    return src->config;
}

static struct str instance_of(const struct source *src)
{
    return account_of(src) ? account_of(src)->instance : config_of(src)->instance;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct lemmy_config *config = config_of(src);
    bool mentions = config->look == LOOK_MENTIONS;
    const char *wrong = NULL;

    if (mentions && (config->query.len > 0 || config->community.len > 0))
        wrong = "mentions have neither query nor community";
    else if (mentions && !account_of(src))
        wrong = "mentions need an account (type: lemmy)";
    else if (!mentions && (config->query.len > 0) == (config->community.len > 0))
        wrong = "give either a query or a community, or look: mentions";
    else if (!account_of(src) && config->instance.len == 0)
        wrong = "instance is missing, as https://lemmy.world";
    else if (account_of(src) && config->instance.len > 0 &&
             !str_eq_nocase(url_origin(config->instance), url_origin(account_of(src)->instance)))
        wrong = "instance is another than its account's: the token would go to a stranger";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    src->unfiltered = config->everything || mentions;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(instance_of(src)));
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* cursor.next is "list page", and " gap" behind it when the list before could not be read to its end. */
struct place {
    enum list list;
    struct str page; /* a number, or what next_page said */
    bool gap;
};

static enum list first_list(const struct source *src)
{
    static const enum list of[] = {[LOOK_ALL] = LIST_COMMENTS, [LOOK_COMMENTS] = LIST_COMMENTS,
                                   [LOOK_POSTS] = LIST_POSTS, [LOOK_MENTIONS] = LIST_MENTIONS};

    return of[config_of(src)->look];
}

static enum list list_after(const struct source *src, enum list list)
{
    return config_of(src)->look == LOOK_ALL && list == LIST_COMMENTS ? LIST_POSTS : LIST_NONE;
}

static struct place place_parse(const struct source *src, const struct source_cursor *at)
{
    struct place x = {.list = first_list(src), .page = STR("1")};
    struct str name, rest;

    if (!at->walking)
        return x;
    name = str_split(at->next, ' ', &rest);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (str_eq(name, str_from(lists[i].name)))
            x.list = (enum list)i;
    }
    x.page = str_split(rest, ' ', &rest);
    x.gap = str_eq(rest, STR("gap"));
    return x;
}

static struct str place_text(const struct place *x, struct arena *arena)
{
    return arena_printf(arena, "%s %.*s%s", lists[x->list].name, STR_FMT(x->page), x->gap ? " gap" : "");
}

/* Where the list goes on: posts say so by a token from 0.19 on, all others by the next number. */
static struct str next_page(const struct parsing *p, const json_t *value, const struct place *x)
{
    int64_t number = cursor_i64(x->page, 0);
    struct str token = json_get_text(value, "next_page");

    if (config_of(p->src)->query.len == 0 && x->list == LIST_POSTS && token.len > 0 &&
        str_find(token, STR(" ")) == SIZE_MAX)
        return token;
    return number > 0 && number < PAGES_MAX ? cursor_from_i64(p->arena, number + 1) : STR("");
}

/* ---- requests ------------------------------------------------------------------------------ */

static void begin_list(struct url *u, const struct source *src, const struct place *x)
{
    const struct lemmy_config *config = config_of(src);
    bool search = config->query.len > 0;

    url_begin(u, instance_of(src), search ? "/api/v3/search" : lists[x->list].path);
    url_add_param(u, "q", config->query);
    url_add_param(u, "community_name", config->community);
    if (search) {
        url_add_param(u, "type_", str_from(lists[x->list].type));
        url_add_param(u, "listing_type", STR("All"));
    } else if (x->list == LIST_MENTIONS) {
        url_add_param(u, "unread_only", STR("false"));
    } else {
        url_add_param(u, "type_", STR("All"));
    }
    url_add_param(u, "sort", STR("New"));
    url_add_i64(u, "limit", PAGE_VIEWS);
    url_add_param(u, cursor_i64(x->page, 0) > 0 ? "page" : "page_cursor", x->page);
}

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct lemmy_account *account = account_of(src);
    struct str text, token = account ? lemmy_token(src->account) : STR("");
    int code;

    if (account && account->auth_in_url)
        url_add_param(u, "auth", token);
    code = url_finish(u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    if (token.len > 0)
        request_add_bearer_text(ret_request, token, arena);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct place place = place_parse(src, at);
    struct url u;

    (void)now_ms;
    if (account_of(src) && lemmy_token(src->account).len == 0)
        return lemmy_login_prepare(src->account, arena, ret_request, err);
    begin_list(&u, src, &place);
    return begin_request(src, &u, config_of(src)->query.len > 0 ? "search" : "message", arena, ret_request,
                         err);
}

/* ---- pages --------------------------------------------------------------------------------- */

static void read_views(const struct parsing *p, const json_t *views, struct timewalk *walk)
{
    struct str server = url_authority(instance_of(p->src));

    for (size_t i = 0; i < json_array_size(views); i++) {
        const json_t *view = json_array_get(views, i), *item = lemmy_view_item(view);
        struct mention *m;

        if (!timewalk_takes(walk, json_get_text(item, "ap_id"), lemmy_item_time_ms(item)))
            continue;
        m = lemmy_view_read(p, view, server);
        if (m)
            m->backfill = p->at->low.len == 0;
    }
}

/* The end of a list: on to the other, with what was the newest so far. */
static void step_to_list(const struct parsing *p, const struct timewalk *walk, struct place next,
                         struct source_step *ret_step)
{
    struct str high = ret_step->cursor.low;

    next.gap = next.gap || ret_step->gap;
    *ret_step = (struct source_step){.kind = STEP_PAGE,
                                     .cursor = {.low = p->at->low,
                                                .walking = true,
                                                .high = high,
                                                .next = place_text(&next, p->arena),
                                                .floor = walk_floor_text(p->arena, walk->floor_ms, false)}};
}

/* A search says what it was for: a cache may answer with another's. */
static bool is_other_search(const struct parsing *p, const json_t *value, const struct place *place)
{
    struct str type = json_get_text(value, "type_");

    return config_of(p->src)->query.len > 0 && type.len > 0 && !str_eq(type, STR("All")) &&
           !str_eq(type, str_from(lists[place->list].type));
}

static int parse_list(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct place place = place_parse(p->src, p->at), next = place;
    struct timewalk walk = timewalk_begin(p);
    const json_t *views;
    json_t *value = NULL;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    views = json_get(value, lists[place.list].member);
    if (!json_is_array(views))
        return error_set(err, -EBADMSG, "an answer without %s", lists[place.list].member);
    if (is_other_search(p, value, &place))
        return error_set(err, -EBADMSG, "the answer to another search");
    read_views(p, views, &walk);
    next.page = json_array_size(views) > 0 ? next_page(p, value, &place) : STR("");
    timewalk_step(p, &walk, next.page.len > 0 ? place_text(&next, p->arena) : STR(""), ret_step);
    if (ret_step->kind != STEP_DONE)
        return 0;
    ret_step->gap = ret_step->gap || place.gap;
    next = (struct place){.list = list_after(p->src, place.list), .page = STR("1"), .gap = place.gap};
    if (next.list != LIST_NONE)
        step_to_list(p, &walk, next, ret_step);
    return 0;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};

    if (reply->login)
        return lemmy_login_parse(&p, ret_step, err);
    if (lemmy_refusal_read(&p, config_of(src)->query.len > 0, ret_step))
        return 0;
    return parse_list(&p, ret_step, err);
}

/* ---- what became of one -------------------------------------------------------------------- */

/* "server/comment/12": the path's last two parts. */
static struct str split_native(struct str native, struct str *ret_id)
{
    struct str kind = {0}, id = {0};

    while (native.len > 0) {
        kind = id;
        id = str_split(native, '/', &native);
    }
    *ret_id = id;
    return kind;
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct str id, kind = split_native(asked->natives[0], &id);
    struct url u;

    if (account_of(src) && lemmy_token(src->account).len == 0)
        return lemmy_login_prepare(src->account, arena, ret_request, err);
    url_begin(&u, instance_of(src), str_eq(kind, STR("post")) ? "/api/v3/post" : "/api/v3/comment");
    url_add_param(&u, "id", id);
    return begin_request(src, &u, "message", arena, ret_request, err);
}

static bool is_not_found(const struct parsing *p)
{
    struct str name = lemmy_error(p);

    return p->reply->http->status == 404 || str_eq(name, STR("couldnt_find_comment")) ||
           str_eq(name, STR("couldnt_find_post"));
}

static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere = {.low = {"0", 1}};
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    json_t *value = NULL;
    const json_t *view;
    int code;

    if (reply->login)
        return lemmy_login_parse(&p, ret_step, err);
    step_done(ret_step, STR(""));
    if (is_not_found(&p)) {
        source_page_gone(page, asked->ids[0]);
        return 0;
    }
    if (lemmy_refusal_read(&p, false, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    view = json_get(value, "comment_view");
    lemmy_view_read(&p, view ? view : json_get(value, "post_view"), url_authority(instance_of(src)));
    return 0;
}

const struct source_driver source_lemmy = {
    .name = "lemmy",
    .help = "Search of a Lemmy instance, a community's posts and comments, or mentions of an account's user.",
    .options = options,
    .config_size = sizeof(struct lemmy_config),
    .account_options = account_options,
    .account_size = sizeof(struct lemmy_account),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 3 * 60 * 1000,
    .interval_min_ms = 30 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = 1,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};

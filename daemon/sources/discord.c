/* Discord: the messages of one channel, or thread, of a server that the bot is a member of.
 *
 * The newest page is read at each poll, and older ones by `before` until the newest id that is stored: so
 * edits of the last hundred messages are seen too. Ids are snowflakes, numbers that grow with time; the
 * first run goes back to the one that the backfill's moment would have. Deletions are looked up one by
 * one. */
#include "sources/discord.h"

#include <errno.h>

#include "sources/url.h"

#define PAGE_LIMIT 100
#define SILENT_MESSAGES_MIN 5 /* so many without any content: the bot may not see it */
#define LIMITED_WAIT_MS (60 * 1000)
#define UNKNOWN_MESSAGE 10008

struct discord_account {
    struct str api, contact;
    struct secret token;
};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct discord_account, token),
     .required = true,
     .help = "The bot's token; it needs the MESSAGE CONTENT intent and must be a member of the server."},
    {.key = "contact", .kind = OPTION_URL, .offset = offsetof(struct discord_account, contact),
     .def = "https://mentiond.invalid", .help = "Part of how the bot names itself, as Discord demands."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct discord_account, api),
     .def = "https://discord.com/api/v10", .help = "Where the API is, with its version."},
    {0},
};

static const struct option options[] = {
    {.key = "guild", .kind = OPTION_STRING, .offset = offsetof(struct discord_config, guild),
     .required = true, .min = 1, .max = 20, .help = "Number of the server: permalinks need it."},
    {.key = "channel", .kind = OPTION_STRING, .offset = offsetof(struct discord_config, channel),
     .required = true, .min = 1, .max = 20, .help = "Number of the channel or thread."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct discord_config, everything),
     .help = "Also messages without the brand's terms: for the brand's own server."},
    {0},
};

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct discord_config *config = src->config;
    int64_t number;

    src->unfiltered = config->everything;
    if (str_to_i64(config->guild, 1, INT64_MAX, &number) &&
        str_to_i64(config->channel, 1, INT64_MAX, &number))
        return true;
    diag_error(d, settings->doc, src->settings->mark,
               "brands.%.*s.sources.%.*s: guild and channel are numbers in quotes, as \"Copy ID\" gives "
               "them",
               STR_FMT(src->brand), STR_FMT(src->name));
    return false;
}

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("discord.com"));
}

/* ---- requests ------------------------------------------------------------------------------ */

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct discord_account *account = src->account->config;
    char *token = NULL;
    struct str text, agent;
    int code = url_finish(u, arena, &text, err);

    if (code == 0)
        code = secret_resolve(&account->token, &token, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    request_add_header(ret_request, "Authorization", arena_printf(arena, "Bot %s", token), true);
    agent = arena_printf(arena, "DiscordBot (%.*s, " MENTIOND_VERSION ")", STR_FMT(account->contact));
    request_add_header(ret_request, "User-Agent", agent, false);
    secret_free(token);
    return 0;
}

/* Limits are each channel's. */
static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct discord_account *account = src->account->config;
    const struct discord_config *config = src->config;
    struct str endpoint = arena_printf(arena, "messages %.*s", STR_FMT(config->channel));
    struct url u;

    (void)now_ms;
    url_begin(&u, account->api, "/channels/");
    url_add_segment(&u, config->channel);
    buf_append_str(&u.text, STR("/messages"));
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        url_add_param(&u, "before", at->next);
    return begin_request(src, &u, endpoint.s ? endpoint.s : "messages", arena, ret_request, err);
}

/* ---- pages --------------------------------------------------------------------------------- */

struct extent {
    int64_t newest, oldest; /* ids; 0 if the page is empty */
    size_t n, n_messages, n_silent;
};

/* Where a walk ends: the newest id that is stored, or the one of the backfill's moment. 0: no end but the
 * page's. */
static int64_t floor_id(const struct parsing *p)
{
    int64_t low = cursor_i64(p->at->low, 0);

    if (p->at->walking)
        return walk_floor(p->at, INT64_MAX);
    if (low > 0)
        return low;
    return p->src->backfill_ms > 0 ? discord_id_at_ms(p->reply->received_at_ms - p->src->backfill_ms) : 0;
}

static void extend(struct extent *e, int64_t id)
{
    e->n++;
    if (id > e->newest)
        e->newest = id;
    if (e->oldest == 0 || id < e->oldest)
        e->oldest = id;
}

static void read_messages(const struct parsing *p, const json_t *list, int64_t floor, struct extent *e)
{
    bool first_run = p->at->low.len == 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *message = json_array_get(list, i);
        int64_t id = discord_id(json_get(message, "id"));
        bool edited = !first_run && json_get_text(message, "edited_timestamp").len > 0;
        struct mention *m;

        if (id == 0 || !json_is_object(json_get(message, "author"))) {
            page_skip(p->page, "a message without id or author");
            continue;
        }
        extend(e, id);
        if (!discord_is_message(message))
            continue;
        e->n_messages++;
        e->n_silent += !discord_has_content(message);
        m = id > floor || edited ? discord_message_read(p, message) : NULL;
        if (m)
            m->backfill = first_run;
    }
}

static void step_on(const struct parsing *p, const struct extent *e, int64_t floor,
                    struct source_step *ret_step)
{
    int64_t low = cursor_i64(p->at->low, 0), high = p->at->walking ? cursor_i64(p->at->high, 0) : e->newest;
    struct str next = cursor_from_i64(p->arena, e->oldest);
    bool repeated = p->at->walking && (str_eq(next, p->at->next) || e->oldest > cursor_i64(p->at->next, 0));

    if (high < low)
        high = low;
    step_done(ret_step, high > 0 ? cursor_from_i64(p->arena, high) : STR(""));
    if (e->n == 0 || floor == 0 || (e->oldest <= floor && !repeated))
        return;
    if (repeated) {
        next = p->at->next;
        ret_step->gap = walk_was_repeated(p->at); /* the page before, and again when asked once more */
    }
    if (ret_step->gap)
        return;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = cursor_from_i64(p->arena, high),
                                              .next = next,
                                              .floor = walk_floor_text(p->arena, floor, repeated)};
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* 429 and 202 say in the body how many seconds, with a fraction; Cloudflare's 429 is a page. */
static bool is_asked_to_wait(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const json_t *after = json_get(value, "retry_after");
    double seconds = json_is_number(after) ? json_number_value(after) : 0;
    int status = p->reply->http->status;

    if (status != 429 && status != 202)
        return false;
    step_fail(ret_step, STEP_WAIT, arena_printf(p->arena, "HTTP %d: %.*s", status,
                                                STR_FMT(str_cut_utf8(json_get_text(value, "message"), 200))));
    ret_step->wait_ms = http_retry_after_ms(p->reply->http, p->reply->received_at_ms);
    if (seconds > 0)
        ret_step->wait_ms = seconds < 86400 ? (int64_t)(seconds * 1000) + 1 : 86400000;
    if (ret_step->wait_ms <= 0)
        ret_step->wait_ms = LIMITED_WAIT_MS;
    return true;
}

/* {"code":50001,"message":"Missing Access"}, in words; true if the reply is no page. */
static bool parse_refusal(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    struct str said = str_cut_utf8(json_get_text(value, "message"), 200);

    if (is_asked_to_wait(p, value, ret_step))
        return true;
    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (said.len > 0)
        ret_step->reason = arena_printf(p->arena, "%.*s: %.*s (%lld)", STR_FMT(ret_step->reason),
                                        STR_FMT(said), (long long)json_get_i64(value, "code", 0));
    return true;
}

/* The body as JSON; NULL where it is something else. */
static int load(const struct parsing *p, json_t **ret_value, struct error *err)
{
    struct str body = str_trim(p->reply->body);

    if (body.len == 0 || body.s[0] == '<')
        return 0;
    return parsing_load(p, ret_value, err);
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct extent e = {0};
    json_t *value = NULL;
    int64_t floor;
    int code = load(&p, &value, err);

    if (parse_refusal(&p, value, ret_step))
        return 0;
    if (code < 0 || !json_is_array(value))
        return code < 0 ? code : error_set(err, -EBADMSG, "messages that are no list");
    floor = floor_id(&p);
    read_messages(&p, value, floor, &e);
    if (e.n_messages >= SILENT_MESSAGES_MIN && e.n_silent == e.n_messages) {
        page->n_mentions = 0;
        step_fail(ret_step, STEP_STOP,
                  STR("messages come without their content: give the bot the MESSAGE CONTENT intent "
                      "(developer portal > Bot)"));
        return 0;
    }
    step_on(&p, &e, floor, ret_step);
    return 0;
}

/* ---- look-ups ------------------------------------------------------------------------------ */

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    const struct discord_account *account = src->account->config;
    struct str id, channel = str_split(asked->natives[0], '/', &id);
    struct url u;

    url_begin(&u, account->api, "/channels/");
    url_add_segment(&u, channel);
    buf_append_str(&u.text, STR("/messages/"));
    url_add_segment(&u, id);
    return begin_request(src, &u, "message", arena, ret_request, err);
}

static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere;
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    json_t *value = NULL;
    int code = load(&p, &value, err);

    step_done(ret_step, STR(""));
    if (reply->http->status == 404 && json_get_i64(value, "code", 0) == UNKNOWN_MESSAGE) {
        source_page_gone(page, asked->ids[0]);
        return 0;
    }
    if (parse_refusal(&p, value, ret_step))
        return 0;
    if (code == 0 && discord_id(json_get(value, "id")) > 0)
        discord_message_read(&p, value);
    return code;
}

const struct source_driver source_discord = {
    .name = "discord",
    .help = "The messages of a Discord channel that a bot may read.",
    .options = options,
    .config_size = sizeof(struct discord_config),
    .account_options = account_options,
    .account_size = sizeof(struct discord_account),
    .needs_account = true,
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 30 * 1000,
    .interval_min_ms = 5 * 1000,
    .max_pages = 50,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = 1,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};

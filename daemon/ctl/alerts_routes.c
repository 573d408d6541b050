/* `alerts routes test`: which routes take an event, and what each of their channels would be sent. Nothing is
 * sent; secrets are not shown. */
#include <errno.h>
#include <stdio.h>

#include "alerts.h"
#include "mentiond/alert_outbox.h"
#include "lines.h"
#include "mentiond/clock.h"
#include "mentiond/json.h"

#define EVENT_BYTES_MAX (256 * 1024)
#define EVENT_FIELDS_MAX 128 /* names and values */
#define ARENA_MAX ((size_t)16 * 1024 * 1024)
#define ROUTES_MAX 16
#define SECRET_LEN_MIN 4

/* ---- the event -------------------------------------------------------------------------------- */

static int read_input(struct str path, struct buf *out, struct error *err)
{
    bool is_stdin = str_eq(path, STR("-"));
    FILE *in = is_stdin ? stdin : fopen(path.s, "re");
    char chunk[8192];
    size_t n;

    if (!in)
        return error_errno(err, errno, "read '%.*s'", STR_FMT(path));
    while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
        buf_append(out, chunk, n);
    if (!is_stdin)
        fclose(in);
    return out->failed
               ? error_set(err, -EFBIG, "read '%.*s': over %d KiB", STR_FMT(path), EVENT_BYTES_MAX / 1024)
               : 0;
}

/* As the stream has it: text; lists are parted by commas. */
static struct str field_text(const json_t *value, struct arena *arena)
{
    struct str all = STR("");

    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        return arena_printf(arena, "%g", json_real_value(value));
    if (!json_is_array(value))
        return arena_str(arena, json_text(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        all = arena_printf(arena, "%.*s%s%.*s", STR_FMT(all), i ? "," : "",
                           STR_FMT(field_text(json_array_get(value, i), arena)));
    return all;
}

static int read_event(const json_t *object, struct arena *arena, struct alert_event *ret, struct error *err)
{
    struct str *fields = arena_alloc(arena, EVENT_FIELDS_MAX * sizeof(*fields));
    struct str type = json_get_text(object, "type");
    size_t n = 0;
    const char *key;
    json_t *value;

    if (!fields)
        return error_oom(err);
    json_object_foreach((json_t *)object, key, value)
    {
        if (n + 2 > EVENT_FIELDS_MAX)
            return error_set(err, -EINVAL, "the event has over %d fields", EVENT_FIELDS_MAX / 2);
        fields[n++] = arena_str(arena, str_from(key));
        fields[n++] = field_text(value, arena);
    }
    *ret = (struct alert_event){.type = alert_event_type(type, json_get_text(object, "state")),
                                .brand = arena_str(arena, json_get_text(object, "brand")),
                                .at_ms = json_get_i64(object, "at", clock_now_ms()),
                                .fields = fields,
                                .n_fields = n};
    if (alert_kind_find(type))
        ret->type = type;
    if (ret->type.len == 0)
        return error_set(err, -EINVAL,
                         "nobody can be told of an event of type '%.*s'; docs/alerts.md lists them",
                         STR_FMT(type));
    return arena->failed ? error_oom(err) : 0;
}

/* ---- hiding ----------------------------------------------------------------------------------- */

static struct str replace(struct str text, struct str what, struct arena *arena)
{
    CLEANUP(buf_finish) struct buf b = BUF_INIT(2 * text.len + 16);
    struct str made;
    size_t at;

    while ((at = str_find(text, what)) != SIZE_MAX) {
        buf_append_str(&b, str_slice(text, 0, at));
        buf_append_str(&b, STR("***"));
        text = str_slice(text, at + what.len, text.len);
    }
    buf_append_str(&b, text);
    made = arena_str(arena, buf_str(&b));
    return b.failed || !made.s ? STR("(not shown)") : made;
}

/* Without the values of the channel's secrets, which some receivers want in the body. */
static struct str hide(const struct alert_target *target, struct str text, struct arena *arena)
{
    for (const struct option *option = target->channel->options; option->key; option++) {
        const struct secret *secret = (const void *)((const char *)target->config + option->offset);
        struct error err;
        char *value;

        if ((option->kind != OPTION_SECRET && option->kind != OPTION_CREDENTIAL) || secret->spec.len == 0 ||
            secret_resolve(secret, &value, &err) < 0)
            continue;
        if (strlen(value) >= SECRET_LEN_MIN)
            text = replace(text, str_from(value), arena);
        secret_free(value);
    }
    return text;
}

/* ---- what would be sent ----------------------------------------------------------------------- */

static struct str where_to(const struct alert_request *request, struct arena *arena)
{
    char url[512];
    struct str shown, host, rest;
    size_t slashes;

    if (request->transport == ALERT_EXEC)
        return arena_printf(arena, "run %s", request->argv[0]);
    if (request->transport == ALERT_MAIL)
        return arena_printf(arena, "mail by %.*s", STR_FMT(request->mail.url));
    shown = http_url_for_log(request->http.url, url, sizeof(url));
    slashes = str_find(shown, STR("://"));
    if (request->http.is_path_secret && slashes != SIZE_MAX) {
        host = str_split(str_slice(shown, slashes + 3, shown.len), '/', &rest);
        shown = arena_printf(arena, "%.*s%.*s/***", (int)(slashes + 3), shown.s, STR_FMT(host));
    }
    return arena_printf(arena, "%s %.*s", request->http.method, STR_FMT(shown));
}

static struct str body_of(const struct alert_request *request)
{
    if (request->transport == ALERT_EXEC)
        return request->stdin_text;
    return request->transport == ALERT_MAIL ? request->mail.text : request->http.body;
}

struct shown {
    const struct alert_route *route;
    const struct alert_target *target;
    struct alert_notice notice;
    struct str where, body; /* harmless to show */
    struct str problem;     /* why there is no request, "" when there is one */
};

static void prepare(struct shown *s, struct arena *arena)
{
    struct alert_request *request = arena_zalloc(arena, sizeof(*request));
    struct error err = {0};

    if (!request || s->target->channel->prepare(s->target, &s->notice, STR(""), clock_now_ms(), arena,
                                                request, &err) < 0) {
        s->problem = arena_str(arena, str_from(request ? err.text : "out of memory"));
        return;
    }
    s->where = hide(s->target, where_to(request, arena), arena);
    s->body = hide(s->target, body_of(request), arena);
}

static void add_pair(struct buf *b, const char *name, struct str value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_append_json(b, value);
}

static void print_json(struct buf *b, const struct shown *s)
{
    buf_append_str(b, STR("{\"route\":"));
    buf_append_json(b, s->route->name);
    add_pair(b, "channel", s->target->name);
    add_pair(b, "key", s->notice.key);
    add_pair(b, "title", s->notice.title);
    add_pair(b, "text", s->notice.text);
    if (s->problem.len) {
        add_pair(b, "problem", s->problem);
    } else {
        add_pair(b, "to", s->where);
        add_pair(b, "body", s->body);
    }
    buf_append_char(b, '}');
}

static void print_words(struct out *out, const struct shown *s)
{
    out_styled(out, STYLE_BOLD, s->route->name);
    out_printf(out, " to ");
    out_styled(out, STYLE_BOLD, s->target->name);
    out_printf(out, " (%s)\n", s->target->channel->name);
    out_post(out, "  title", 9, s->notice.title, NULL, 0);
    if (s->notice.text.len)
        out_post(out, "  text", 9, s->notice.text, NULL, 0);
    if (s->problem.len) {
        out_post(out, "  not", 9, s->problem, NULL, 0);
        return;
    }
    out_post(out, "  to", 9, s->where, NULL, 0);
    out_post(out, "  body", 9, s->body, NULL, 0);
}

struct showing {
    struct ctl *ctl;
    struct arena *arena;
    struct buf json; /* the items of an array */
};

static void show(struct showing *showing, const struct alert_route *route, const struct outbox_item *item)
{
    struct shown s = {.route = route, .target = item->target, .notice = item->notice};

    prepare(&s, showing->arena);
    if (!showing->ctl->common.json) {
        print_words(&showing->ctl->out, &s);
        return;
    }
    buf_append_str(&showing->json, showing->json.len ? STR(",") : STR(""));
    print_json(&showing->json, &s);
}

/* What the alerter would do, with this route alone, and as if all waiting were over. */
static int show_route(struct showing *showing, const struct alert_plan *plan, const struct alert_route *route,
                      const struct alert_event *event, struct error *err)
{
    struct alert_route now = *route;
    const struct alert_plan one = {.targets = plan->targets, .routes = &now, .n_routes = 1};
    struct outbox *outbox;
    struct outbox_item item;
    int64_t wait_ms;
    int code;

    now.group_wait_ms = 0;
    now.digest = ALERT_DIGEST_OFF;
    now.quiet = (struct alert_quiet){0};
    if (outbox_create(&one, &outbox, err) < 0)
        return err->code;
    code = outbox_take(outbox, event, STR("test"), event->at_ms, err);
    while (code == 0 && outbox_next(outbox, event->at_ms, showing->arena, &item, &wait_ms))
        show(showing, route, &item);
    outbox_destroy(outbox);
    return code;
}

static int show_all(struct ctl *ctl, const struct alert_plan *plan, const struct alert_event *event,
                    struct arena *arena, struct error *err)
{
    struct showing showing = {.ctl = ctl, .arena = arena, .json = BUF_INIT(4 * 1024 * 1024)};
    CLEANUP(buf_finish) struct buf all = BUF_INIT(4 * 1024 * 1024 + 2);
    const struct alert_route *routes[ROUTES_MAX];
    size_t n = alert_plan_route(plan, event, routes, ARRAY_LEN(routes));
    int code = 0;

    for (size_t i = 0; i < n && code == 0; i++)
        code = show_route(&showing, plan, routes[i], event, err);
    if (ctl->common.json && code == 0) {
        buf_append_char(&all, '[');
        buf_append_str(&all, buf_str(&showing.json));
        buf_append_char(&all, ']');
        out_json(&ctl->out, buf_str(&all));
    }
    buf_finish(&showing.json);
    return code < 0 ? code : (int)n;
}

static enum exit_code test_event(struct ctl *ctl, const struct alert_plan *plan, struct arena *arena)
{
    CLEANUP(buf_finish) struct buf text = BUF_INIT(EVENT_BYTES_MAX);
    const struct alert_silence *silence;
    struct alert_event event = {0};
    json_t *value = NULL;
    struct error err = {0};
    int n;

    if (read_input(ctl_word(ctl, 0), &text, &err) < 0 ||
        json_page_parse(buf_str(&text), NULL, &value, &err) < 0 || read_event(value, arena, &event, &err) < 0)
        return ctl_fail(ctl, &err);
    silence = alert_silenced(plan->silences, plan->n_silences, &event, event.at_ms);
    if (silence)
        ctl_note("a silence of the configuration keeps it quiet: %.*s", STR_FMT(silence->reason));
    n = show_all(ctl, plan, &event, arena, &err);
    if (n < 0)
        return ctl_fail(ctl, &err);
    if (n == 0)
        ctl_note("no route takes it");
    return n == 0 || silence ? CTL_FAILED : CTL_DONE;
}

static enum exit_code run_routes_test(struct ctl *ctl, const void *opaque)
{
    struct settings *settings = NULL;
    struct alert_plan *plan = NULL;
    enum exit_code code = alerts_load(ctl, &settings, &plan);
    struct arena arena, *before;

    (void)opaque;
    if (code != CTL_DONE || !plan)
        return code;
    arena_init(&arena, ARENA_MAX);
    before = json_use_arena(&arena);
    code = test_event(ctl, plan, &arena);
    json_use_arena(before);
    arena_finish(&arena);
    alert_plan_destroy(plan);
    settings_destroy(settings);
    return code;
}

const struct verb verb_alerts_routes_test = {
    .name = "alerts routes test",
    .group = "Alerts",
    .words = "EVENT",
    .min_words = 1,
    .max_words = 1,
    .summary = "Show which routes take an event, and what each channel would be sent",
    .help = "EVENT is a file with one JSON object, or -: {\"type\": \"outage.opened\", \"brand\": \"acme\", "
            "\"topic\":\n"
            "\"login\", \"people\": 37, …}, as in the brand's event stream. Nothing is sent, Redis is not\n"
            "asked, and secrets are not shown. The exit code is 1 when nobody would be told.",
    .run = run_routes_test,
};

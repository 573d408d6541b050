/* The outbox as text: what is kept in Redis, and taken up by the next daemon. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "alerts/outbox.h"
#include "mentiond/json.h"

#define VERSION 1

/* ---- out ----------------------------------------------------------------------------------- */

static void print_letter(struct buf *b, const struct letter *l)
{
    /* of one under way nobody knows whether it arrived: it is sent again, with the same id */
    buf_printf(b, "{\"at\":%" PRId64 ",\"since\":%" PRId64 ",\"due\":%" PRId64 ",\"repeat\":%" PRId64,
               l->at_ms, l->since_ms, l->due_ms, l->repeat_ms);
    buf_printf(b, ",\"events\":%u,\"phase\":%d,\"told\":%s,\"acked\":%s,\"summary\":%s",
               l->n_events + l->n_sending, (int)l->phase, l->was_told ? "true" : "false",
               l->acked ? "true" : "false", l->is_summary ? "true" : "false");
    buf_append_json_field(b, STR("route"), l->route->name);
    buf_append_json_field(b, STR("key"), str_from(l->key));
    buf_append_json_field(b, STR("type"), str_from(l->type));
    buf_append_json_field(b, STR("brand"), str_from(l->brand));
    buf_append_json_field(b, STR("event"), str_from(l->event_id));
    buf_append_json_field(b, STR("fields"), str_from(l->fields));
    buf_append_json_field(b, STR("memo"), str_from(l->memo));
    buf_append_char(b, '}');
}

static void print_mailbox(struct buf *b, const struct mailbox *mailbox)
{
    const struct letter *letter;
    bool first = true;

    buf_append_json(b, mailbox->target->name);
    buf_printf(b, ":{\"blocked\":%" PRId64 ",\"failing\":%s,\"failures\":%u,\"letters\":[",
               mailbox->blocked_ms, mailbox->failing ? "true" : "false", mailbox->failures);
    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        buf_append_str(b, first ? STR("") : STR(","));
        print_letter(b, letter);
        first = false;
    }
    buf_append_str(b, STR("]}"));
}

bool outbox_print(struct outbox *outbox, struct buf *ret)
{
    buf_printf(ret, "{\"v\":%d,\"channels\":{", VERSION);
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        buf_append_str(ret, i ? STR(",") : STR(""));
        print_mailbox(ret, &outbox->mailboxes[i]);
    }
    buf_append_str(ret, STR("}}"));
    if (!ret->failed)
        outbox->dirty = false;
    return !ret->failed;
}

/* ---- in ------------------------------------------------------------------------------------ */

static const struct alert_route *find_route(const struct outbox *outbox, struct str name)
{
    for (size_t i = 0; i < outbox->plan->n_routes; i++) {
        if (str_eq(outbox->plan->routes[i].name, name))
            return &outbox->plan->routes[i];
    }
    return NULL;
}

static bool in_range(int64_t value)
{
    return value >= 0 && value < INT64_MAX / 4;
}

static bool load_numbers(struct letter *l, const json_t *object)
{
    int64_t events = json_get_i64(object, "events", -1), phase = json_get_i64(object, "phase", -1);

    l->at_ms = json_get_i64(object, "at", -1);
    l->since_ms = json_get_i64(object, "since", -1);
    l->due_ms = json_get_i64(object, "due", -1);
    l->repeat_ms = json_get_i64(object, "repeat", -1);
    l->was_told = json_get_bool(object, "told");
    l->acked = json_get_bool(object, "acked");
    l->is_summary = json_get_bool(object, "summary");
    if (events < 0 || events > INT32_MAX || phase < ALERT_FIRING || phase > ALERT_PASSING)
        return false;
    l->n_events = (unsigned)events;
    l->phase = (enum alert_phase)phase;
    return in_range(l->at_ms) && in_range(l->since_ms) && in_range(l->due_ms) && in_range(l->repeat_ms);
}

static bool load_texts(struct letter *l, const json_t *object)
{
    const struct {
        const char *name;
        char **text;
        size_t max;
    } texts[] = {
        {"type", &l->type, 64},          {"brand", &l->brand, 64},   {"event", &l->event_id, 64},
        {"fields", &l->fields, OUTBOX_FIELDS_MAX}, {"memo", &l->memo, ALERT_MEMO_MAX},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str value = json_get_text(object, texts[i].name);

        if (value.len > texts[i].max || !letter_set(texts[i].text, value))
            return false;
    }
    return l->is_summary || alert_kind_find(str_from(l->type));
}

static bool load_letter(struct outbox *outbox, struct mailbox *mailbox, const json_t *object)
{
    const struct alert_route *route = find_route(outbox, json_get_text(object, "route"));
    struct str key = json_get_text(object, "key");
    struct letter *letter;

    if (!route)
        return true; /* taken out of the configuration */
    if (key.len == 0 || key.len > 2048)
        return false;
    letter = letter_get(mailbox, route, key);
    if (!letter)
        return false;
    if (load_numbers(letter, object) && load_texts(letter, object))
        return true;
    letter_drop(letter);
    return false;
}

static bool load_mailbox(struct outbox *outbox, struct mailbox *mailbox, const json_t *object)
{
    const json_t *letters = json_get(object, "letters");

    if (!json_is_object(object) || json_array_size(letters) > OUTBOX_GROUPS_MAX + OUTBOX_LETTERS_MAX)
        return false;
    mailbox->blocked_ms = json_get_i64(object, "blocked", 0);
    mailbox->failing = json_get_bool(object, "failing");
    mailbox->failures = (unsigned)(json_get_i64(object, "failures", 0) & 0xffff);
    if (!in_range(mailbox->blocked_ms))
        return false;
    for (size_t i = 0; i < json_array_size(letters); i++) {
        if (!load_letter(outbox, mailbox, json_array_get(letters, i)))
            return false;
    }
    return true;
}

static void empty(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        struct mailbox *mailbox = &outbox->mailboxes[i];

        while (!TAILQ_EMPTY(&mailbox->letters))
            letter_drop(TAILQ_FIRST(&mailbox->letters));
        mailbox->blocked_ms = 0;
        mailbox->failing = false;
        mailbox->failures = 0;
    }
}

static bool load_all(struct outbox *outbox, const json_t *root)
{
    const json_t *channels = json_get(root, "channels");

    if (json_get_i64(root, "v", 0) != VERSION || !json_is_object(channels))
        return false;
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        char name[65];
        const json_t *object;

        snprintf(name, sizeof(name), "%.*s", STR_FMT(outbox->mailboxes[i].target->name));
        object = json_get(channels, name);
        if (object && !load_mailbox(outbox, &outbox->mailboxes[i], object))
            return false;
    }
    return true;
}

int outbox_load(struct outbox *outbox, struct str text, struct error *err)
{
    struct arena arena, *before;
    json_t *root = NULL;
    int code;

    arena_init(&arena, 16 * OUTBOX_STATE_MAX);
    before = json_use_arena(&arena);
    empty(outbox);
    code = json_page_parse(text, NULL, &root, err);
    if (code == 0 && !load_all(outbox, root)) {
        code = error_set(err, -EBADMSG, "the alerts that were under way: not what this program writes");
        empty(outbox);
    }
    json_use_arena(before);
    arena_finish(&arena);
    return code;
}

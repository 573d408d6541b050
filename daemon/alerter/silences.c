/* What agents have silenced for a while: silence_list's answer as the outbox wants it. */
#include "alerter_internal.h"

static const char log_module[] = "alerts";

#define SILENCES_ARENA_MAX ((size_t)2 * 1024 * 1024)

void silences_finish(struct silences *silences)
{
    arena_finish(&silences->arena);
    *silences = (struct silences){0};
}

/* A silence began by the queue's clock, which may be ahead of ours: it holds for what comes after it. */
static int64_t begin_of(const struct teller *t, const json_t *one)
{
    int64_t from_ms = json_get_i64(one, "from", 0);

    return from_ms <= t->seen.ms ? 0 : from_ms;
}

static bool read_one(struct teller *t, const json_t *one, struct alert_silence *ret)
{
    struct silences *silences = &t->silences;
    struct error err = {0};

    *ret = (struct alert_silence){.from_ms = begin_of(t, one),
                                  .until_ms = json_get_i64(one, "until", 0),
                                  .id = arena_str(&silences->arena, json_get_text(one, "id")),
                                  .reason = arena_str(&silences->arena, json_get_text(one, "reason")),
                                  .by = arena_str(&silences->arena, json_get_text(one, "by"))};
    if (alert_matcher_read(json_get(one, "match"), &silences->arena, &ret->match, &err) == 0)
        return true;
    log_warn("a silence is not understood, telling all the same", field_str("silence", ret->id),
             field_text("error", err.text));
    return false;
}

void silences_read(struct teller *t, struct str json)
{
    struct silences *silences = &t->silences;
    json_t *value = json_loadb(json.s, json.len, 0, NULL);
    const json_t *list = json_get(value, "silences");

    outbox_set_silences(t->outbox, NULL, 0);
    silences_finish(silences);
    arena_init(&silences->arena, SILENCES_ARENA_MAX);
    silences->items = arena_zalloc(&silences->arena, ALERT_SILENCES_MAX * sizeof(*silences->items));
    for (size_t i = 0; silences->items && i < json_array_size(list) && silences->n < ALERT_SILENCES_MAX; i++)
        silences->n += read_one(t, json_array_get(list, i), &silences->items[silences->n]);
    json_decref(value);
    outbox_set_silences(t->outbox, silences->items, silences->n);
}

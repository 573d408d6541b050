/* Pages of events, with what is looked up of the mentions that they are about: who, what, where it can be
 * read. One MGET a page, so that looking costs Redis little; a brand that nobody wants to be told of costs
 * nothing. */
#include <stdio.h>

#include "alerter_internal.h"
#include "mentiond/clock.h"

#define MENTION_TEXT_BYTES 1000 /* of a text that a letter keeps */
#define EXAMPLE_TEXT_BYTES 400
#define WHO_BYTES 120
#define URL_BYTES 700
#define MENTION_FIELDS 16 /* names and values that a mention adds to an event */

struct lookup {
    struct teller *teller; /* NULL: nobody waits for it any more */
};

/* ---- pages --------------------------------------------------------------------------------- */

void page_reset(struct page *page)
{
    arena_finish(&page->arena);
    arena_init(&page->arena, PAGE_ARENA_MAX);
    page->n = page->n_mentions = 0;
}

static bool is_wanted(const struct alert_plan *plan, const struct alert_event *event)
{
    for (size_t i = 0; i < plan->n_routes; i++) {
        const struct alert_matcher narrow = {.event = plan->routes[i].match.event,
                                             .brand = plan->routes[i].match.brand};

        if (alert_matches(&narrow, event))
            return true;
    }
    return false;
}

/* Found at the first look back, or by a detector that only shows what it would do: never told. */
static bool is_quiet(const struct stream_entry *entry)
{
    return str_eq(stream_field(entry, "backfill"), STR("1")) || stream_field(entry, "shadow").len > 0;
}

static bool is_about_mention(struct str type)
{
    return str_starts_with(type, STR("mention.")) || str_eq(type, STR("claim.expiring"));
}

static void want_mentions(struct page *page, struct teller_event *item)
{
    struct str ids = alert_event_get(&item->event, is_about_mention(item->event.type) ? "id" : "examples");

    if (!is_about_mention(item->event.type) && !str_starts_with(item->event.type, STR("outage.")))
        return;
    while (ids.len > 0 && item->n_mentions < LOOKUPS_MAX)
        item->mentions[item->n_mentions++] = str_split(ids, ',', &ids);
    page->n_mentions += item->n_mentions;
}

bool page_add(struct teller *t, const struct stream_entry *entry, struct error *err)
{
    struct page *page = &t->page;
    struct teller_event *item = &page->items[page->n];
    struct alert_event event = {
        .type = alert_event_type(stream_field(entry, "type"), stream_field(entry, "state")),
        .brand = t->brand.len ? t->brand : stream_field(entry, "brand"),
        .at_ms = entry->id.ms,
        .fields = entry->fields,
        .n_fields = entry->n_fields - entry->n_fields % 2};
    struct str *fields;

    if (event.type.len == 0 || !is_wanted(t->alerter->options.plan, &event) || is_quiet(entry))
        return true;
    fields = arena_alloc(&page->arena, (event.n_fields + 1) * sizeof(*fields));
    for (size_t i = 0; fields && i < event.n_fields; i++)
        fields[i] = arena_str(&page->arena, entry->fields[i]);
    event.type = arena_str(&page->arena, event.type);
    event.brand = arena_str(&page->arena, event.brand);
    event.fields = fields;
    if (page->arena.failed) {
        error_oom(err);
        return false;
    }
    *item = (struct teller_event){.event = event, .id = entry->id};
    want_mentions(page, item);
    page->n++;
    return true;
}

/* ---- what mentions add --------------------------------------------------------------------- */

static struct str text_of(struct arena *arena, const json_t *object, const char *key, size_t max)
{
    return arena_str(arena, str_cut_utf8(json_get_text(object, key), max));
}

static struct str number_of(struct arena *arena, const json_t *object, const char *key)
{
    int64_t number = json_get_i64(object, key, -1);

    return number < 0 ? STR("") : arena_printf(arena, "%lld", (long long)number);
}

static struct str who_of(struct arena *arena, const json_t *mention)
{
    const json_t *author = json_get(mention, "author");
    struct str handle = text_of(arena, author, "handle", WHO_BYTES),
               name = text_of(arena, author, "name", WHO_BYTES);

    return handle.len ? handle : name.len ? name : text_of(arena, author, "id", WHO_BYTES);
}

/* What was looked up comes first: of two fields of a name the first counts. */
static void put_before(struct alert_event *event, struct arena *arena, const struct str *pairs, size_t n)
{
    struct str *fields = arena_alloc(arena, (event->n_fields + n) * sizeof(*fields));
    size_t at = 0;

    if (!fields)
        return;
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (pairs[i + 1].len == 0)
            continue;
        fields[at++] = pairs[i];
        fields[at++] = pairs[i + 1];
    }
    memcpy(fields + at, event->fields, event->n_fields * sizeof(*fields));
    event->fields = fields;
    event->n_fields += at;
}

static void add_mention(struct teller_event *item, const json_t *mention, struct arena *arena)
{
    const struct str pairs[] = {
        STR("url"),       text_of(arena, mention, "url", URL_BYTES),
        STR("author"),    who_of(arena, mention),
        STR("followers"), number_of(arena, json_get(mention, "author"), "followers"),
        STR("score"),     number_of(arena, mention, "score"),
        STR("network"),   text_of(arena, mention, "network", 64),
        STR("lang"),      text_of(arena, mention, "lang", 64),
        STR("source"),    text_of(arena, mention, "source", 64),
        STR("text"),      text_of(arena, mention, "text", MENTION_TEXT_BYTES),
    };

    _Static_assert(ARRAY_LEN(pairs) <= MENTION_FIELDS, "as many as are said");
    put_before(&item->event, arena, pairs, ARRAY_LEN(pairs));
}

static void add_example(struct teller_event *item, const json_t *mention, const char *const names[3],
                        struct arena *arena)
{
    const struct str pairs[] = {
        str_from(names[0]), who_of(arena, mention),
        str_from(names[1]), text_of(arena, mention, "text", EXAMPLE_TEXT_BYTES),
        str_from(names[2]), text_of(arena, mention, "url", URL_BYTES),
    };

    put_before(&item->event, arena, pairs, ARRAY_LEN(pairs));
}

/* False: it is not to be told. An empty value is of a mention that was erased. */
static bool enrich(struct teller_event *item, struct str json, size_t n, struct arena *arena)
{
    static const char *const names[ALERT_EXAMPLES_MAX][3] = ALERT_EXAMPLE_FIELDS;
    bool about_it = is_about_mention(item->event.type);
    json_t *mention = NULL;

    if (json.len == 0)
        return true;
    if (json_page_parse(json, NULL, &mention, NULL) < 0)
        return true;
    if (about_it && json_get_bool(mention, "backfill"))
        return false;
    if (about_it)
        add_mention(item, mention, arena);
    else
        add_example(item, mention, names[n % ALERT_EXAMPLES_MAX], arena);
    return true;
}

/* ---- looking up ---------------------------------------------------------------------------- */

static struct str value_of(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (struct str){reply->str, reply->len} : STR("");
}

static void enrich_page(struct page *page, const struct redisReply *reply)
{
    struct arena *before = json_use_arena(&page->arena);
    size_t at = 0;

    for (size_t i = 0; i < page->n; i++) {
        struct teller_event *item = &page->items[i];
        bool told = true;

        for (size_t j = 0; j < item->n_mentions; j++)
            told = enrich(item, value_of(reply->element[at++]), j, &page->arena) && told;
        if (!told)
            item->event.type = STR("");
    }
    json_use_arena(before);
}

static void on_mentions(void *user, const struct redisReply *reply, const struct error *err)
{
    struct lookup *lookup = user;
    struct teller *t = lookup->teller;

    free(lookup);
    if (!t)
        return;
    t->lookup = NULL;
    t->busy = false;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != t->page.n_mentions) {
        teller_fail(t, "the mentions", NULL, err);
        return;
    }
    enrich_page(&t->page, reply);
    teller_take_page(t);
}

static bool make_keys(struct teller *t, struct str *argv)
{
    struct str name_space = store_name_space(t->alerter->options.store);
    size_t n = 0;

    argv[n++] = STR("MGET");
    for (size_t i = 0; i < t->page.n; i++) {
        for (size_t j = 0; j < t->page.items[i].n_mentions; j++)
            argv[n++] = arena_printf(&t->page.arena, "%.*s:{%.*s}:m:%.*s", STR_FMT(name_space),
                                     STR_FMT(t->brand), STR_FMT(t->page.items[i].mentions[j]));
    }
    return !t->page.arena.failed;
}

void look_up(struct teller *t)
{
    struct str argv[1 + PAGE_EVENTS_MAX * LOOKUPS_MAX];
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    struct error err = {0};

    if (lookup)
        lookup->teller = t;
    if (!lookup || !make_keys(t, argv) ||
        redis_command(store_redis(t->alerter->options.store), REDIS_KEEP, 1 + t->page.n_mentions, argv,
                      on_mentions, lookup, &err) < 0) {
        if (err.code == 0)
            error_oom(&err);
        free(lookup);
        teller_fail(t, "the mentions", NULL, &err);
        return;
    }
    t->lookup = lookup;
    t->busy = true;
}

void lookup_forget(struct teller *t)
{
    if (t->lookup)
        t->lookup->teller = NULL;
    t->lookup = NULL;
}

/* `outages simulate`: a recorded stream through the rules and the detector at full speed, without
 * Redis or network. What the daemon would have said is printed when it would have said it: time is
 * the stream's. One detector a brand; ids of members are kept here, the detector knows numbers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "lines.h"
#include "mentiond/clock.h"
#include "mentiond/outage.h"
#include "mentiond/rules.h"
#include "mentiond/settings.h"
#include "mentiond/text.h"

#define ARENA_MAX (64 * 1024 * 1024)              /* of one line */
#define IDS_MAX ((size_t)2 * 1024 * 1024 * 1024) /* bytes of ids of reports */
#define FLUSH_BYTES (256 * 1024)
#define COMPLAINTS_MAX 100
#define MINUTE_MS 60000
#define DAY_MS INT64_C(86400000)
#define LAST_MS (4 * INT64_C(3600000)) /* after the stream's end: what is open closes by then */

struct simulation;

struct sim_brand {
    struct simulation *sim;
    const struct brand_settings *settings;
    struct ruleset *rules; /* owned reference */
    struct outage_lens lens; /* owned, both */
    struct outage_detector *detector; /* owned; NULL: outages are off */
    struct str name; /* as the stream writes it; in sim->ids */
};

struct simulation {
    struct ctl *ctl;
    struct settings *settings; /* owned */
    struct sim_brand *brands;  /* owned, in the order of the settings */
    size_t n_brands;
    struct arena line_arena, ids;
    const char **refs; /* owned: the id of each report */
    size_t n_refs, cap_refs;
    int64_t minute_ms, now_ms;
    uint64_t line, bad;
};

/* ---- what the detectors say ------------------------------------------------------------------- */

static void print_time(struct buf *out, const char *key, int64_t time_ms)
{
    char text[CLOCK_ISO_LEN + 1];

    clock_format_iso(time_ms, text);
    buf_printf(out, ",\"%s\":\"%s\"", key, text);
}

static void print_place(struct buf *out, const struct sim_brand *brand, uint32_t place)
{
    struct str code = {NULL, 0};

    if (brand->lens.places)
        code = gazetteer_code(brand->lens.places, place);
    if (!code.s) {
        buf_append_str(out, STR(",\"region\":null"));
        return;
    }
    buf_append_str(out, STR(",\"region\":"));
    buf_append_json(out, code);
}

static void print_why(struct buf *out, unsigned why)
{
    static const char *const names[] = {"people", "topic", "region"};
    const char *comma = "";

    buf_append_str(out, STR(",\"why\":["));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!(why >> i & 1))
            continue;
        buf_printf(out, "%s\"%s\"", comma, names[i]);
        comma = ",";
    }
    buf_append_char(out, ']');
}

static void print_event(void *user, const struct outage_event *e)
{
    static const char *const kinds[] = {"opened", "updated", "closed"};
    struct sim_brand *brand = user;
    struct buf *out = &brand->sim->ctl->out.buf;
    const char *topic = outage_topic_name(e->topic);

    buf_append_str(out, STR("{\"brand\":"));
    buf_append_json(out, brand->name);
    buf_printf(out, ",\"cluster_id\":\"o%u\",\"event\":\"%s\"", e->number, kinds[e->kind]);
    print_time(out, "at", e->at_ms);
    print_time(out, "since", e->since_ms);
    buf_printf(out, topic ? ",\"topic\":\"%s\"" : ",\"topic\":null", topic);
    print_place(out, brand, e->place);
    buf_printf(out, ",\"people\":%u,\"reports\":%u,\"per_minute\":%.2f,\"expected_per_minute\":%.4f",
               e->people, e->reports, e->per_minute, e->expected_per_minute);
    buf_printf(out, ",\"score\":%.1f,\"threshold\":%.1f", e->score, e->threshold);
    if (e->kind == OUTAGE_UPDATED)
        print_why(out, e->why);
    buf_append_str(out, STR(",\"member_ids\":["));
    for (size_t i = 0; i < e->n_refs; i++) {
        if (i > 0)
            buf_append_char(out, ',');
        buf_append_json(out, str_from(brand->sim->refs[e->refs[i]]));
    }
    buf_append_str(out, STR("]}\n"));
}

static void tick_all(struct simulation *sim, int64_t now_ms)
{
    for (size_t i = 0; i < sim->n_brands; i++) {
        struct outage_sink sink = {print_event, &sim->brands[i]};

        if (sim->brands[i].detector)
            outage_tick(sim->brands[i].detector, now_ms, &sink);
    }
}

/* Every minute of the stream is ticked, so that events come in the order of time. After a day of
 * silence nothing is open any more. */
static void pass_time(struct simulation *sim, int64_t now_ms)
{
    int64_t minute_ms = now_ms - now_ms % MINUTE_MS;

    if (sim->minute_ms == 0)
        sim->minute_ms = minute_ms; /* before the stream there was nothing, not silence */
    else if (minute_ms > sim->minute_ms + DAY_MS)
        tick_all(sim, sim->minute_ms + LAST_MS);
    else
        while (sim->minute_ms < minute_ms) {
            sim->minute_ms += MINUTE_MS;
            tick_all(sim, sim->minute_ms);
        }
    if (sim->minute_ms < minute_ms)
        sim->minute_ms = minute_ms;
    if (sim->now_ms < now_ms)
        sim->now_ms = now_ms;
}

/* ---- one line --------------------------------------------------------------------------------- */

static bool is_brand_name(const struct sim_brand *brand, struct str name)
{
    if (str_eq(brand->name, name) || str_eq_nocase(brand->settings->name, name))
        return true;
    for (size_t i = 0; i < brand->settings->terms.n; i++) {
        if (str_eq_nocase(brand->settings->terms.items[i], name))
            return true;
    }
    return false;
}

/* By its name in the configuration, or by one of its terms. */
static struct sim_brand *find_brand(struct simulation *sim, struct str name)
{
    for (size_t i = 0; name.len > 0 && i < sim->n_brands; i++) {
        struct sim_brand *brand = &sim->brands[i];

        if (!is_brand_name(brand, name))
            continue;
        if (!brand->name.s)
            brand->name = arena_str(&sim->ids, name);
        return brand;
    }
    return NULL;
}

static int keep_id(struct simulation *sim, struct str id, uint64_t *ret_ref, struct error *err)
{
    struct str kept;

    if (sim->n_refs == sim->cap_refs) {
        size_t cap = sim->cap_refs ? 2 * sim->cap_refs : 1024;
        const char **more = realloc(sim->refs, cap * sizeof(*more));

        if (!more)
            return error_oom(err);
        sim->refs = more;
        sim->cap_refs = cap;
    }
    kept = arena_str(&sim->ids, id);
    if (!kept.s)
        return error_oom(err);
    *ret_ref = sim->n_refs;
    sim->refs[sim->n_refs++] = kept.s;
    return 0;
}

static void fill_mention(const json_t *post, struct mention *m)
{
    const json_t *author = json_get(post, "author");
    int64_t age_days = json_get_i64(author, "account_age_days", -1);

    mention_init(m);
    m->id = json_get_text(post, "id");
    m->text = json_get_text(post, "text");
    m->lang = json_get_text(post, "lang");
    m->repost_of = json_get_text(post, "repost_of");
    m->author.id = json_get_text(author, "id");
    m->author.handle = json_get_text(author, "handle");
    m->author.location = json_get_text(author, "location");
    m->author.followers = json_get_i64(author, "followers", -1);
    if (!clock_parse_iso(json_get_text(post, "created_at"), &m->created_at_ms))
        m->created_at_ms = m->fetched_at_ms;
    if (age_days >= 0 && age_days < 36500)
        m->author.created_at_ms = m->created_at_ms - age_days * DAY_MS;
    if (m->lang.len == 0)
        m->lang = text_language(m->text);
}

static int detect(struct sim_brand *brand, struct mention *m, int64_t now_ms, struct error *err)
{
    struct simulation *sim = brand->sim;
    struct outage_sink sink = {print_event, brand};
    struct outage_fact fact;
    int r = ruleset_judge(brand->rules, m, &sim->line_arena, err);

    if (r < 0)
        return r;
    m->fetched_at_ms = now_ms;
    outage_look(&brand->lens, brand->settings, m, &sim->line_arena);
    fact = outage_fact_of(&brand->lens, m);
    if (fact.kind == OUTAGE_REPORT)
        r = keep_id(sim, m->id, &fact.ref, err);
    if (r == 0 && outage_update(brand->detector, &fact, 1, now_ms, &sink) < 0)
        r = error_oom(err);
    return r;
}

static int refuse(struct simulation *sim, const char *why)
{
    sim->bad++;
    if (sim->bad <= COMPLAINTS_MAX)
        ctl_note("line %llu: %s, passed over", (unsigned long long)sim->line, why);
    if (sim->bad == COMPLAINTS_MAX)
        ctl_note("further bad lines are only counted");
    return 0;
}

static int take_post(struct simulation *sim, const json_t *post, struct error *err)
{
    struct sim_brand *brand = find_brand(sim, json_get_text(post, "brand"));
    struct mention m;
    int64_t now_ms;

    if (!brand)
        return refuse(sim, "\"brand\" is missing, or no brand of the configuration has that name or term");
    if (!clock_parse_iso(json_get_text(post, "arrived_at"), &now_ms))
        return refuse(sim, "\"arrived_at\" is missing or no time");
    fill_mention(post, &m);
    if (m.id.len == 0 || m.author.id.len == 0)
        return refuse(sim, "\"id\" or \"author\" is missing");
    pass_time(sim, now_ms);
    return brand->detector ? detect(brand, &m, now_ms, err) : 0;
}

static int take_line(void *user, struct str line, bool too_long, struct error *err)
{
    struct simulation *sim = user;
    json_t *post = NULL;
    struct error why;
    int r;

    sim->line++;
    line = str_trim(line);
    if (too_long)
        return refuse(sim, "longer than 1 MiB");
    if (line.len == 0)
        return 0;
    arena_reset(&sim->line_arena);
    json_use_arena(&sim->line_arena);
    if (json_page_parse(line, NULL, &post, &why) < 0)
        r = refuse(sim, why.text);
    else
        r = take_post(sim, post, err);
    json_use_arena(NULL);
    if (r < 0)
        return error_prefix(err, r, "line %llu", (unsigned long long)sim->line);
    return sim->ctl->out.buf.len >= FLUSH_BYTES ? out_flush(&sim->ctl->out, err) : 0;
}

static int flush_events(void *user, struct error *err)
{
    struct simulation *sim = user;

    return out_flush(&sim->ctl->out, err);
}

/* ---- brands ----------------------------------------------------------------------------------- */

static bool same_list(const struct str_list *a, const struct str_list *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (!str_eq(a->items[i], b->items[i]))
            return false;
    }
    return a->n == b->n;
}

/* Brands with the same packs share a set. */
static struct ruleset *rules_of(const struct simulation *sim, const struct brand_settings *brand,
                                struct diag *d)
{
    const struct str_list *rules = &brand->rules;
    struct str *paths;

    for (size_t i = 0; i < sim->n_brands; i++) {
        if (same_list(&sim->brands[i].settings->rules, rules))
            return ruleset_ref(sim->brands[i].rules);
    }
    paths = arena_alloc(&sim->settings->doc->arena, rules->n * sizeof(*paths));
    for (size_t i = 0; paths && i < rules->n; i++)
        paths[i] = settings_rules_path(sim->settings, rules->items[i]);
    return paths ? ruleset_load(paths, rules->n, RULE_ENGINE_FAST, d) : NULL;
}

static void brand_finish(struct sim_brand *brand)
{
    ruleset_unref(brand->rules);
    outage_lens_finish(&brand->lens);
    outage_destroy(brand->detector);
}

/* False when something is wrong, which `d` has. */
static bool brand_init(struct simulation *sim, const struct brand_settings *settings,
                       struct sim_brand *brand, struct diag *d)
{
    *brand = (struct sim_brand){.sim = sim, .settings = settings};
    if (!outage_lens_load(&brand->lens, sim->settings, settings, d))
        return false;
    brand->rules = rules_of(sim, settings, d);
    if (settings->outages != OUTAGES_OFF)
        brand->detector = outage_create();
    return brand->rules && (brand->detector || settings->outages == OUTAGES_OFF);
}

static int load_brands(struct simulation *sim, struct error *err)
{
    struct diag d;
    bool ok = true;

    sim->brands = calloc(sim->settings->n_brands, sizeof(*sim->brands));
    if (!sim->brands)
        return error_oom(err);
    diag_init(&d);
    for (size_t i = 0; ok && i < sim->settings->n_brands; i++) {
        ok = brand_init(sim, &sim->settings->brands[i], &sim->brands[i], &d);
        sim->n_brands++;
    }
    if (d.n_items > 0)
        diag_print(&d, "rules and places", stderr);
    diag_finish(&d);
    return ok ? 0 : error_set(err, -EINVAL, "the rules or places cannot be used");
}

/* ---- the verb --------------------------------------------------------------------------------- */

static int simulate(struct simulation *sim, int fd, const char *name, struct error *err)
{
    struct line_taker taker = {take_line, flush_events, sim};
    int r = load_brands(sim, err);

    if (r == 0)
        r = lines_read(fd, name, &taker, err);
    if (r == 0)
        tick_all(sim, sim->now_ms + LAST_MS);
    if (sim->bad > 0)
        ctl_note("%llu of %llu lines were passed over", (unsigned long long)sim->bad,
                 (unsigned long long)sim->line);
    return r;
}

static int open_stream(const char *path, struct error *err)
{
    int fd = str_eq(str_from(path), STR("-")) ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? fd : error_errno(err, errno, "opening %s", path);
}

static enum exit_code run_simulate(struct ctl *ctl, const void *opaque)
{
    struct simulation sim = {.ctl = ctl};
    const char *path = ctl->words.items[0], *config;
    struct error err;
    int fd, r;

    (void)opaque;
    fd = open_stream(path, &err);
    if (fd < 0)
        return ctl_fail(ctl, &err);
    arena_init(&sim.line_arena, ARENA_MAX);
    arena_init(&sim.ids, IDS_MAX);
    config = settings_find(ctl->common.config.s, &err);
    r = config ? ctl_load_settings(config, &sim.settings, &err) : err.code;
    if (r == 0)
        r = simulate(&sim, fd, path, &err);
    for (size_t i = 0; i < sim.n_brands; i++)
        brand_finish(&sim.brands[i]);
    free(sim.brands);
    free(sim.refs);
    settings_destroy(sim.settings);
    arena_finish(&sim.ids);
    arena_finish(&sim.line_arena);
    close(fd);
    return r < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}

const struct verb verb_outages_simulate = {
    .name = "outages simulate",
    .group = "Outages",
    .words = "STREAM.jsonl",
    .min_words = 1,
    .max_words = 1,
    .summary = "Run a recorded stream through rules and detector, no Redis needed",
    .help =
        "Reads {\"id\",\"created_at\",\"arrived_at\",\"brand\",\"lang\",\"author\":{\"id\",\n"
        "\"followers\",\"location\",\"account_age_days\"},\"text\",\"repost_of\"} a line, in the\n"
        "order of arrival (\"-\": standard input), and prints what the daemon would have\n"
        "said, one event a line: {\"brand\",\"cluster_id\",\"event\":\"opened\", \"updated\" or\n"
        "\"closed\",\"at\",\"since\",\"topic\",\"region\",\"people\",…,\"member_ids\"}. A brand is\n"
        "found by its name in the configuration or by one of its terms. Rules, rivals and\n"
        "places are those of the configuration; a bad line is reported and passed over.",
    .run = run_simulate,
};

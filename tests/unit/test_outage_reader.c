/* The reader without Redis: the same stream gives the same changes, wherever reading stops and begins again,
 * by whatever pages it comes and in whatever order within a millisecond; also when the state is lost and only
 * the stream is left. */
#include <errno.h>
#include <stdlib.h>

#include "outage_support.h"
#include "mentiond/outage_reader.h"

#define ENTRIES 3000
#define SEEDS 6
#define FIELDS 10

struct entry {
    struct outage_position id;
    char text[FIELDS][48];
    struct str fields[2 * FIELDS];
};

static const char *const names[FIELDS] = {
    "type", "id", "class", "says", "topics", "created_at", "fetched_at", "author", "words", "place",
};

static void make_entry(struct entry *e, uint64_t *seed, unsigned n, int64_t *now_ms)
{
    static const char *const topics[] = {"login", "payments", "", "app"};
    bool outage = n % 500 > 420;
    uint32_t kind = draw(seed, 100);
    bool down = kind < (outage ? 85 : 5);

    *now_ms += draw(seed, 3) ? draw(seed, outage ? 40000 : 200000) : 0; /* some share a millisecond */
    snprintf(e->text[0], 48, "mention.heard");
    snprintf(e->text[1], 48, "net%u:%u", draw(seed, 3), n);
    snprintf(e->text[2], 48, "%s", down ? "outage" : "none");
    snprintf(e->text[3], 48, "%s", down ? draw(seed, 15) ? "down" : "repeats" : kind > 97 ? "back" : "");
    snprintf(e->text[4], 48, "%s", topics[draw(seed, outage ? 2 : 4)]);
    snprintf(e->text[5], 48, "%lld", (long long)(*now_ms - draw(seed, 90000)));
    snprintf(e->text[6], 48, "%lld", (long long)*now_ms);
    snprintf(e->text[7], 48, "a%u", draw(seed, outage ? 3000 : 400));
    snprintf(e->text[8], 48, "%u,%u,%u", draw(seed, 1000), draw(seed, 1000), draw(seed, 1000));
    snprintf(e->text[9], 48, "here");
    e->id.ms = *now_ms;
}

static void name_fields(struct entry *e)
{
    for (size_t i = 0; i < FIELDS; i++) {
        e->fields[2 * i] = str_from(names[i]);
        e->fields[2 * i + 1] = str_from(e->text[i]);
    }
}

static struct entry *make_entries(uint64_t seed)
{
    struct entry *entries = calloc(ENTRIES, sizeof(*entries));
    int64_t now_ms = START_MS;

    for (unsigned n = 0; n < ENTRIES; n++) {
        struct entry *e = &entries[n];

        make_entry(e, &seed, n, &now_ms);
        e->id.seq = n > 0 && entries[n - 1].id.ms == now_ms ? entries[n - 1].id.seq + 1 : 0;
        name_fields(e);
    }
    return entries;
}

/* The store's part: what was committed, and where the reader may begin again. */
struct run {
    struct outage_reader *r;
    struct buf state, log;
    struct outage_position position;
    json_t *open; /* outages that are stored as open, by id */
};

static const struct outage_lens no_lens;

static void note_change(struct run *run, const struct outage_change *c)
{
    json_t *change = json_loadb(c->json, c->len, 0, NULL);
    struct str kind = json_get_text(change, "kind");
    json_t *kept;

    assert_non_null(change);
    buf_append(&run->log, c->json, c->len);
    buf_append_char(&run->log, '\n');
    kept = json_pack("{s:s, s:O, s:O, s:O, s:O, s:O}", "id", json_get_text(change, "outage").s, "since",
                     json_get(change, "since"), "reports", json_get(change, "reports"), "topic",
                     json_get(change, "topic"), "places", json_get(change, "places"), "networks",
                     json_get(change, "networks"));
    if (str_eq(kind, STR("over")))
        json_object_del(run->open, json_get_text(change, "outage").s);
    else
        json_object_set(run->open, json_get_text(change, "outage").s, kept);
    json_decref(kept);
    json_decref(change);
}

static void commit(struct run *run)
{
    size_t n;
    const struct outage_change *changes = outage_reader_changes(run->r, &n);

    for (size_t i = 0; i < n; i++)
        note_change(run, &changes[i]);
    buf_reset(&run->state);
    assert_true(outage_reader_save(run->r, &run->state));
    run->position = outage_reader_position(run->r);
    outage_reader_committed(run->r);
}

static void begin(struct run *run, bool with_state)
{
    const struct outage_reader_options options = {.lens = &no_lens};
    const char *key;
    struct error err;
    json_t *value;

    outage_reader_destroy(run->r);
    assert_int_equal(outage_reader_create(&options, &run->r, &err), 0);
    json_object_foreach(run->open, key, value) outage_reader_know(run->r, value);
    if (with_state && run->state.len)
        assert_int_equal(outage_reader_load(run->r, buf_str(&run->state), run->position, &err), 0);
    outage_reader_known_until(run->r, run->position);
}

static size_t entry_after(const struct entry *entries, struct outage_position at)
{
    size_t i = 0;

    while (i < ENTRIES &&
           (entries[i].id.ms < at.ms || (entries[i].id.ms == at.ms && entries[i].id.seq <= at.seq)))
        i++;
    return i;
}

enum trouble { NO_TROUBLE, RESTARTS, LOST_STATE, SHUFFLED, TICKED };

static void shuffle_millisecond(struct entry *entries, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = draw(seed, (uint32_t)i);
        struct entry a = entries[k], b = entries[i - 1];

        memcpy(entries[k].text, b.text, sizeof(b.text));
        memcpy(entries[i - 1].text, a.text, sizeof(a.text));
        name_fields(&entries[k]);
        name_fields(&entries[i - 1]);
    }
}

static void shuffle_all(struct entry *entries, uint64_t *seed)
{
    for (size_t from = 0, to; from < ENTRIES; from = to) {
        for (to = from + 1; to < ENTRIES && entries[to].id.ms == entries[from].id.ms;)
            to++;
        shuffle_millisecond(entries + from, to - from, seed);
    }
}

static void play(struct run *run, uint64_t seed, enum trouble trouble)
{
    struct entry *entries = make_entries(seed);
    uint64_t draws = seed + 77;
    struct error err;

    *run =
        (struct run){.state = BUF_INIT(OUTAGE_MEMORY_MAX), .log = BUF_INIT(LOG_MAX), .open = json_object()};
    if (trouble == SHUFFLED)
        shuffle_all(entries, &draws);
    begin(run, false);
    for (size_t i = 0; i < ENTRIES; i++) {
        assert_int_equal(outage_reader_entry(run->r, entries[i].id, entries[i].fields, 2 * FIELDS, &err), 0);
        if (outage_reader_is_due(run->r) && (trouble != RESTARTS || draw(&draws, 3)))
            commit(run); /* else it dies before the store has it */
        else if (trouble == TICKED && i + 1 < ENTRIES && draw(&draws, 4) == 0)
            assert_int_equal(outage_reader_clock(run->r, entries[i + 1].id.ms, &err), 0);
        if ((trouble == RESTARTS && draw(&draws, 40) == 0) ||
            (trouble == LOST_STATE && draw(&draws, 600) == 0)) {
            begin(run, trouble == RESTARTS);
            i = entry_after(entries, outage_reader_start(run->r)) - 1;
        }
    }
    assert_int_equal(outage_reader_clock(run->r, entries[ENTRIES - 1].id.ms + 300 * MIN_MS, &err), 0);
    commit(run);
    free(entries);
}

static void run_finish(struct run *run)
{
    outage_reader_destroy(run->r);
    json_decref(run->open);
    buf_finish(&run->state);
    buf_finish(&run->log);
}

/* What people are told; which members came with which commit may differ. */
static void summary_of(const struct run *run, struct buf *out)
{
    struct str rest = buf_str(&run->log);

    while (rest.len) {
        struct str line = str_split(rest, '\n', &rest);
        size_t members = str_find(line, STR(",\"per_minute\""));
        bool told = str_find(line, STR("\"kind\":\"updated\"")) == SIZE_MAX;

        if (told) {
            buf_append_str(out, str_slice(line, 0, members == SIZE_MAX ? line.len : members));
            buf_append_char(out, '\n');
        }
    }
}

static void compare_with(enum trouble trouble, bool whole)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct buf a = BUF_INIT(LOG_MAX), b = BUF_INIT(LOG_MAX);
        struct run plain, troubled;

        play(&plain, seed, NO_TROUBLE);
        play(&troubled, seed, trouble);
        summary_of(&plain, &a);
        summary_of(&troubled, &b);
        assert_true(a.len > 400);
        assert_string_equal(a.data, b.data);
        if (whole)
            assert_string_equal(plain.log.data, troubled.log.data);
        run_finish(&plain);
        run_finish(&troubled);
        buf_finish(&a);
        buf_finish(&b);
    }
}

static void test_restarts(void **state)
{
    (void)state;
    compare_with(RESTARTS, true);
}

static void test_lost_state_is_built_from_the_stream(void **state)
{
    (void)state;
    compare_with(LOST_STATE, false);
}

static void test_order_within_a_millisecond(void **state)
{
    (void)state;
    compare_with(SHUFFLED, false);
}

static void test_the_clock_changes_nothing(void **state)
{
    (void)state;
    compare_with(TICKED, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_lost_state_is_built_from_the_stream),
        cmocka_unit_test(test_order_within_a_millisecond),
        cmocka_unit_test(test_the_clock_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Outages that are open: what they are called, who belongs to them, when they are over.
 *
 * A report that fits joins the likeliest one; what fits none stays free and may open another, so two
 * outages at once are told apart. The same thing down in a second place makes the first one wider
 * instead. Names are given anew from the latest members at each minute with news. */
#include <math.h>

#include "outage/detector.h"

#define JOIN_EARLY_MS (2 * MINUTE_MS) /* before the onset, and still explained by it */
#define PEAK_MS (15 * MINUTE_MS)
#define BACK_MS (20 * MINUTE_MS)
#define NAMED_BY 200 /* latest members */
#define QUIET_LOW_MIN 28.0
#define QUIET_HIGH_MIN 40.0
#define QUIET_BACK_MIN 13.2
#define QUIET_SURE 4.6 /* -ln 1 %: so many reports would have come if it went on */
#define AGE_MIN 5.0
#define SMALL_WEIGHT 15.0 /* one person's "back" is believed */
#define LARGE_WEIGHT 30.0
#define WIDE_OF 8.0     /* located weight that can tell that a place is no more alone */
#define WIDE_SHARE 0.45

/* ---- names ------------------------------------------------------------------------------------ */

#define TALLY_PLACES 32

struct tally {
    double topics[OUTAGE_TOPICS_MAX], labelled;
    struct outage_place_share places[TALLY_PLACES];
    uint32_t n_places;
    double located;
};

static void tally_place(struct tally *t, uint32_t place, double weight)
{
    t->located += weight;
    for (uint32_t i = 0; i < t->n_places; i++) {
        if (t->places[i].place == place) {
            t->places[i].weight += weight;
            return;
        }
    }
    if (t->n_places < TALLY_PLACES)
        t->places[t->n_places++] = (struct outage_place_share){place, weight};
}

static void tally_report(struct tally *t, const struct outage_report *r)
{
    double weight = (double)r->quarters / QUARTERS;

    if (r->quarters == 0)
        return;
    if (r->topics)
        t->labelled += weight;
    for (uint32_t rest = r->topics; rest; rest &= rest - 1)
        t->topics[__builtin_ctz(rest)] += weight;
    if (r->place)
        tally_place(t, r->place, weight);
}

static int32_t name_topic(const struct tally *t)
{
    int32_t best = 0;

    for (int32_t i = 1; i < OUTAGE_TOPICS_MAX; i++)
        best = t->topics[i] > t->topics[best] ? i : best;
    return t->topics[best] >= 2 && t->topics[best] >= 0.5 * t->labelled ? best : -1;
}

static uint32_t name_place(const struct tally *t)
{
    const struct outage_place_share *best = &t->places[0];

    if (t->n_places == 0)
        return 0;
    for (uint32_t i = 1; i < t->n_places; i++)
        best = t->places[i].weight > best->weight ? &t->places[i] : best;
    if ((best->weight >= 3 && best->weight >= 0.85 * t->located) ||
        (best->weight >= 5 && best->weight >= 0.65 * t->located))
        return best->place;
    return 0;
}

static double tally_of_place(const struct tally *t, uint32_t place)
{
    for (uint32_t i = 0; i < t->n_places; i++) {
        if (t->places[i].place == place)
            return t->places[i].weight;
    }
    return 0;
}

static void rename_by_members(const struct outage_detector *d, struct outage_cluster *k)
{
    struct tally t = {0};
    uint32_t place;
    int32_t topic;
    unsigned n = 0;

    for (uint32_t i = d->n_ring; i-- > 0 && n < NAMED_BY;) {
        if (d->ring[i].outage != k->number)
            continue;
        tally_report(&t, &d->ring[i]);
        n++;
    }
    topic = name_topic(&t);
    place = name_place(&t);
    if (topic >= 0)
        k->topic = topic;
    if (place)
        k->place = place;
    else if (k->place && t.located >= WIDE_OF &&
             tally_of_place(&t, k->place) < WIDE_SHARE * t.located)
        k->place = 0;
}

/* ---- members ---------------------------------------------------------------------------------- */

struct outage_cluster *cluster_by_number(struct outage_detector *d, uint32_t number)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        if (d->open[i].number == number)
            return &d->open[i];
    }
    return NULL;
}

struct outage_cluster *cluster_find(struct outage_detector *d, const struct outage_report *r)
{
    struct outage_cluster *best = NULL;
    double best_score = -1;

    for (uint32_t i = 0; i < d->n_open; i++) {
        struct outage_cluster *k = &d->open[i];
        struct outage_cell cell = {k->topic, k->place};
        double score = fmin(k->weight, 1000) / 1001;

        if (r->created_ms < k->since_ms - JOIN_EARLY_MS || !cell_compatible(cell, r->topics, r->place))
            continue;
        if (k->topic >= 0 && r->topics >> k->topic & 1)
            score += 2;
        if (k->place && r->place == k->place)
            score += 2;
        if (score > best_score) {
            best = k;
            best_score = score;
        }
    }
    return best;
}

void cluster_join(struct outage_cluster *k, struct outage_report *r)
{
    r->outage = k->number;
    r->untold = true;
    k->reports++;
    k->people += r->person;
    k->weight += (double)r->quarters / QUARTERS;
    k->changed = true;
}

static void join_free(struct outage_detector *d, struct outage_cluster *k, struct outage_cell cell,
                      int64_t since_ms)
{
    for (uint32_t i = ring_lower_bound(d, since_ms - 1); i < d->n_ring; i++) {
        struct outage_report *r = &d->ring[i];

        if (!r->outage && cell_compatible(cell, r->topics, r->place))
            cluster_join(k, r);
    }
}

void cluster_hear_back(struct outage_detector *d, const struct outage_fact *f)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        struct outage_cluster *k = &d->open[i];
        uint32_t at = 0;

        if (!cell_compatible((struct outage_cell){-1, k->place}, 0, f->place))
            continue;
        while (at < k->n_back && k->back[at].author != f->author)
            at++;
        if (at == BACK_MAX) { /* the oldest gives way */
            memmove(k->back, k->back + 1, (BACK_MAX - 1) * sizeof(k->back[0]));
            at--;
        } else if (at == k->n_back) {
            k->n_back++;
        }
        k->back[at] = (struct outage_back){d->now_ms, f->author};
    }
}

/* ---- telling ---------------------------------------------------------------------------------- */

static unsigned why_tell(const struct outage_cluster *k)
{
    unsigned why = 0;

    if (k->people >= 2 * k->people_told)
        why |= OUTAGE_DOUBLED;
    if (k->topic != k->topic_told)
        why |= OUTAGE_RETOPICED;
    if (k->place != k->place_told)
        why |= OUTAGE_MOVED;
    return why;
}

static size_t take_untold(struct outage_detector *d, uint32_t number, uint64_t *refs,
                          struct outage_member *members)
{
    size_t n = 0;

    for (uint32_t i = 0; i < d->n_ring; i++) {
        if (!d->ring[i].untold || d->ring[i].outage != number)
            continue;
        d->ring[i].untold = false;
        members[n] = (struct outage_member){d->ring[i].ref, d->ring[i].created_ms,
                                            (double)d->ring[i].quarters / QUARTERS, d->ring[i].less};
        refs[n++] = d->ring[i].ref;
    }
    return n;
}

struct outage_event cluster_event(const struct outage_detector *d, const struct outage_cluster *k,
                                  enum outage_event_kind kind)
{
    return (struct outage_event){
        .kind = kind,
        .why = kind == OUTAGE_UPDATED ? why_tell(k) : 0,
        .number = k->number,
        .id = k->id,
        .at_ms = d->now_ms,
        .since_ms = k->since_ms,
        .topic = k->topic,
        .place = k->place,
        .people = k->people,
        .reports = k->reports,
        .per_minute = k->peak,
        .expected_per_minute = baseline_expect(d, (struct outage_cell){k->topic, k->place}),
        .score = k->score,
        .threshold = k->threshold,
    };
}

static void tell(struct outage_detector *d, struct outage_cluster *k, struct outage_event *event,
                 const struct outage_sink *sink)
{
    uint64_t refs[OUTAGE_RING_MAX];
    struct outage_member members[OUTAGE_RING_MAX];

    if (event->kind == OUTAGE_OPENED && d->n_open > 1) {
        const struct outage_cluster *other = k == &d->open[0] ? &d->open[1] : &d->open[0];

        event->beside = other->number;
        event->beside_id = other->id;
    }
    event->refs = refs;
    event->members = members;
    event->n_refs = take_untold(d, k->number, refs, members);
    if (event->kind == OUTAGE_OPENED || event->why & OUTAGE_DOUBLED)
        k->people_told = k->people;
    k->topic_told = k->topic;
    k->place_told = k->place;
    k->changed = false;
    sink->event(sink->user, event);
}

void cluster_tell(struct outage_detector *d, struct outage_cluster *k, enum outage_event_kind kind,
                  const struct outage_sink *sink)
{
    struct outage_event event;

    if (!k)
        return;
    event = cluster_event(d, k, kind);
    tell(d, k, &event, sink);
}

static void tell_opened(struct outage_detector *d, struct outage_cluster *k, const struct outage_alarm *alarm,
                        const struct outage_sink *sink)
{
    struct outage_event event = cluster_event(d, k, OUTAGE_OPENED);

    event.alarm_weight = alarm->weight;
    event.alarm_minutes = alarm->minutes;
    event.alarm_chatter = alarm->chatter;
    event.alarm_topic = alarm->cell.topic;
    event.alarm_place = alarm->cell.place;
    tell(d, k, &event, sink);
}

/* ---- opening ---------------------------------------------------------------------------------- */

static struct outage_cell name_alarm(const struct outage_detector *d,
                                     const struct outage_alarm *alarm)
{
    struct tally t = {0};
    struct outage_cell named;

    for (uint32_t i = ring_lower_bound(d, alarm->since_ms - LEAD_MS - 1); i < d->n_ring; i++) {
        const struct outage_report *r = &d->ring[i];

        if (!r->outage && cell_fits(alarm->cell, r->topics, r->place))
            tally_report(&t, r);
    }
    named = (struct outage_cell){name_topic(&t), name_place(&t)};
    if (named.topic < 0)
        named.topic = alarm->cell.topic;
    if (!named.place)
        named.place = alarm->cell.place;
    return named;
}

/* The same thing is down elsewhere, too: one outage, wider. */
static bool widen(struct outage_detector *d, struct outage_cell named, int64_t since_ms)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        struct outage_cluster *k = &d->open[i];

        if (k->topic < 0 || k->topic != named.topic || !k->place || k->place == named.place)
            continue;
        k->place = 0;
        join_free(d, k, (struct outage_cell){named.topic, 0}, since_ms);
        return true;
    }
    return false;
}

void cluster_open(struct outage_detector *d, const struct outage_alarm *alarm,
                  const struct outage_sink *sink)
{
    struct outage_cell named = name_alarm(d, alarm);
    struct outage_cluster *k;

    if (widen(d, named, alarm->since_ms - LEAD_MS) || d->n_open == OUTAGE_OPEN_MAX)
        return;
    k = &d->open[d->n_open++];
    *k = (struct outage_cluster){
        .id = outage_id_make(d->now_ms, alarm->since_ms, named.topic, named.place),
        .number = ++d->last_number,
        .topic = named.topic,
        .place = named.place,
        .opened_ms = d->now_ms,
        .since_ms = alarm->since_ms,
        .score = alarm->score,
        .threshold = alarm->threshold,
    };
    join_free(d, k, named, alarm->since_ms - LEAD_MS);
    k->peak = ring_weight_since(d, k->number, d->now_ms - PEAK_MS) / 15;
    d->running.busy = true;
    tell_opened(d, k, alarm, sink);
}

/* ---- closing ---------------------------------------------------------------------------------- */

/* Minutes without reports that mean it is over. */
static double quiet_minutes(const struct outage_detector *d, const struct outage_cluster *k)
{
    double age = fmax(AGE_MIN, (double)(d->now_ms - k->since_ms) / MINUTE_MS);
    double rate = fmax(fmax(k->weight / age, k->peak / 2), 1e-6);
    double quiet = fmin(QUIET_HIGH_MIN, fmax(QUIET_LOW_MIN, QUIET_SURE / rate));
    unsigned back = 0;

    for (uint32_t i = 0; i < k->n_back; i++)
        back += d->now_ms - k->back[i].at_ms < BACK_MS;
    if (back >= 2 || (back == 1 && k->weight < SMALL_WEIGHT))
        quiet = fmax(QUIET_BACK_MIN, quiet / 2);
    return quiet;
}

static bool is_over(const struct outage_detector *d, const struct outage_cluster *k)
{
    double quiet = quiet_minutes(d, k);
    double base = baseline_expect(d, (struct outage_cell){k->topic, k->place}) * quiet;
    double weight = ring_weight_since(d, k->number, d->now_ms - (int64_t)(quiet * MINUTE_MS));
    double most = k->weight < LARGE_WEIGHT ? 0.5 : 1.0;

    most = fmax(most, 0.1 * k->peak * quiet);
    if (base > 1)
        most = fmax(most, sqrt(base));
    return weight - base <= most;
}

void cluster_remember_closed(struct outage_detector *d, const struct outage_cluster *k)
{
    if (d->n_closed == CLOSED_MAX) {
        memmove(d->closed, d->closed + 1, (CLOSED_MAX - 1) * sizeof(d->closed[0]));
        d->n_closed--;
    }
    d->closed[d->n_closed++] = (struct outage_closed){d->now_ms, k->topic, k->place};
}

void cluster_tick(struct outage_detector *d, const struct outage_sink *sink)
{
    uint32_t i = 0;

    while (i < d->n_open) {
        struct outage_cluster *k = &d->open[i];

        k->peak = fmax(k->peak, ring_weight_since(d, k->number, d->now_ms - PEAK_MS) / 15);
        if (k->changed) {
            rename_by_members(d, k);
            cluster_tell(d, k, OUTAGE_UPDATED, sink);
        }
        if (!is_over(d, k)) {
            i++;
            continue;
        }
        cluster_tell(d, k, OUTAGE_CLOSED, sink);
        cluster_remember_closed(d, k);
        memmove(k, k + 1, (d->n_open - i - 1) * sizeof(*k));
        d->n_open--;
    }
}

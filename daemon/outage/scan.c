/* The scan: over every start time of the last hour, how much likelier the reports that no open outage
 * explains are by an outage than by chatter. Asked for the brand, for each topic and the place of the
 * report that just came, and for both together; the coarsest cell that fires wins. */
#include <math.h>

#include "outage/detector.h"

#define PEOPLE_MIN 3.0  /* weight that opens anything */
#define SPAN_MIN 2.0    /* minutes that any start counts as at least */
#define DISPERSION 2.5  /* people come in bunches: a negative binomial's variance */
#define THRESHOLD_BRAND 10.0
#define THRESHOLD_CELL 12.0 /* also of the brand while an outage is open */
#define THRESHOLD_AGAIN 1.5 /* times, for an hour after a like outage was over */
#define THRESHOLD_GUARDED 3.0 /* times, for what people have called no outage */
#define GUARD_RATE 2.0 /* times the rate of what they rejected counts as ordinary */
#define LEAK 0.10 /* of an open outage's reports seem to be about something else */
#define CELLS_MAX (2 + 2 * OUTAGE_TOPICS_MAX)

static double likelihood(double n, double expected)
{
    if (n <= expected)
        return 0;
    return (n * log(n / expected) - (n - expected)) / (1 + expected / DISPERSION);
}

/* Fills what `alarm` has of the start that scores most; its cell is given. */
static void scan_cell(const struct outage_detector *d, double per_minute, struct outage_alarm *alarm)
{
    double least = fmax(PEOPLE_MIN, d->least);
    unsigned quarters = 0;

    for (uint32_t i = d->n_ring; i-- > 0;) {
        const struct outage_report *r = &d->ring[i];
        double n, minutes, score;

        if (r->created_ms <= d->now_ms - WINDOW_MS)
            break;
        if (r->outage || !r->quarters || !cell_fits(alarm->cell, r->topics, r->place))
            continue;
        quarters += r->quarters;
        n = (double)quarters / QUARTERS;
        if (n < least)
            continue;
        minutes = fmax(SPAN_MIN, (double)(d->now_ms - r->created_ms) / MINUTE_MS);
        score = likelihood(n, per_minute * minutes);
        if (score > alarm->score) {
            alarm->score = score;
            alarm->since_ms = r->created_ms;
            alarm->weight = n;
            alarm->minutes = minutes;
            alarm->chatter = per_minute * minutes;
        }
    }
}

/* Whether people rejected the like, and how many of them a minute are to be expected; -1 if not. */
static double guarded_rate(const struct outage_detector *d, const struct outage_report *r)
{
    double rate = -1;

    for (uint32_t i = 0; i < d->n_guards; i++) {
        const struct outage_guard *g = &d->guards[i];

        if (!g->maintenance && d->now_ms >= g->from_ms && d->now_ms < g->until_ms &&
            cell_compatible((struct outage_cell){g->topic, g->place}, r->topics, r->place))
            rate = fmax(rate, GUARD_RATE * g->per_minute);
    }
    return rate;
}

static double threshold(const struct outage_detector *d, const struct outage_report *r,
                        struct outage_cell cell, bool guarded)
{
    bool whole = cell.topic < 0 && !cell.place;
    double least = whole && d->n_open == 0 ? THRESHOLD_BRAND : THRESHOLD_CELL;

    if (guarded)
        return least * THRESHOLD_GUARDED;
    for (uint32_t i = 0; i < d->n_closed; i++) {
        struct outage_cell over = {d->closed[i].topic, d->closed[i].place};

        if (d->now_ms - d->closed[i].at_ms < WINDOW_MS && cell_compatible(over, r->topics, r->place))
            return least * THRESHOLD_AGAIN;
    }
    return least;
}

/* From coarse to fine. */
static size_t cells_of(const struct outage_report *r, struct outage_cell cells[CELLS_MAX])
{
    size_t n = 0;

    cells[n++] = (struct outage_cell){-1, 0};
    for (uint32_t rest = r->topics; rest; rest &= rest - 1)
        cells[n++] = (struct outage_cell){__builtin_ctz(rest), 0};
    if (!r->place)
        return n;
    cells[n++] = (struct outage_cell){-1, r->place};
    for (uint32_t rest = r->topics; rest; rest &= rest - 1)
        cells[n++] = (struct outage_cell){__builtin_ctz(rest), r->place};
    return n;
}

bool scan_report(const struct outage_detector *d, const struct outage_report *r,
                 struct outage_alarm *ret)
{
    struct outage_cell cells[CELLS_MAX];
    size_t n = cells_of(r, cells);
    double leak = 0, guarded = guarded_rate(d, r);

    for (uint32_t i = 0; i < d->n_open; i++)
        leak += LEAK * d->open[i].peak;
    leak += fmax(0, guarded);
    for (size_t i = 0; i < n; i++) {
        struct outage_alarm alarm = {.cell = cells[i], .threshold = threshold(d, r, cells[i], guarded >= 0)};

        scan_cell(d, baseline_expect(d, alarm.cell) + leak, &alarm);
        if (alarm.score >= alarm.threshold) {
            *ret = alarm;
            return true;
        }
    }
    return false;
}

/* The base: how many reports a minute the brand's own ordinary chatter would bring. The chatter is
 * the clock: night, week-end and campaigns move the volume of the last hour, so no table of hours is
 * needed and a new brand is right from its first hour.
 *
 * Learned in bins of five minutes. A bin waits an hour before it teaches the share of reports, and
 * teaches nothing if an outage was open, so that a slow outage cannot make itself ordinary; but one that
 * is open for more than a day is no news any more, and would never end if its base was wrong. */
#include <math.h>

#include "outage/detector.h"

#define SHARE_PRIOR 0.05     /* of mentions that are reports, before we know */
#define SHARE_PRIOR_WORTH 100.0
#define SHARE_MEMORY_BINS 4032.0 /* 14 days */
#define VOLUME_PRIOR 0.1     /* other mentions a minute */
#define VOLUME_PULL_MIN 30.0 /* minutes of the long-run mean that the last hour is drawn to */
#define VOLUME_CAP 3.0       /* times the mean: a campaign must not hide an outage */
#define FLOOR (0.15 / 60)    /* reports a minute of the quietest brand */
#define HEARD_MAX 400.0      /* shares are halved above it */
#define IDLE_BINS_MAX 4096   /* of silence are gone through one by one */

static double share(const struct outage_detector *d)
{
    return (d->reports + SHARE_PRIOR * SHARE_PRIOR_WORTH) / (d->others + SHARE_PRIOR_WORTH);
}

static double mean_volume(const struct outage_detector *d, double otherwise)
{
    return d->volume_min > 0 ? d->volume / d->volume_min : otherwise;
}

static void learn_share(struct outage_detector *d, const struct outage_bin *bin, double decay)
{
    double cap = 3 + 3 * share(d) * bin->others;

    d->reports *= decay;
    d->others *= decay;
    if (bin->busy)
        return;
    d->reports += fmin(bin->reports, cap);
    d->others += bin->others;
}

static bool is_busy(const struct outage_detector *d)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        if (!cluster_is_settled(d, &d->open[i]))
            return true;
    }
    return false;
}

static void end_bin(struct outage_detector *d)
{
    double decay = exp(-1 / SHARE_MEMORY_BINS);
    double others = d->running.others;
    double mean = mean_volume(d, others / 5);

    d->volume = d->volume * decay + fmin(others, 15 * mean + 6);
    d->volume_min = d->volume_min * decay + 5;
    if (d->n_bins == BINS) {
        learn_share(d, &d->bins[0], decay);
        memmove(d->bins, d->bins + 1, (BINS - 1) * sizeof(d->bins[0]));
        d->n_bins--;
    }
    d->bins[d->n_bins++] = d->running;
    d->running = (struct outage_bin){.busy = is_busy(d)};
    d->bin++;
}

void baseline_roll(struct outage_detector *d, int64_t now_ms)
{
    int64_t bin = now_ms / BIN_MS;

    if (d->bin == 0 || bin - d->bin > IDLE_BINS_MAX) /* the first, or after weeks without a word */
        d->bin = d->bin == 0 ? bin : bin - IDLE_BINS_MAX;
    while (d->bin < bin)
        end_bin(d);
}

static struct outage_place_share *place_share(struct outage_detector *d, uint32_t place)
{
    struct outage_place_share *least = &d->places[0];

    for (uint32_t i = 0; i < d->n_places; i++) {
        if (d->places[i].place == place)
            return &d->places[i];
        if (d->places[i].weight < least->weight)
            least = &d->places[i];
    }
    if (d->n_places < OUTAGE_PLACES_MAX)
        least = &d->places[d->n_places++];
    *least = (struct outage_place_share){.place = place};
    return least;
}

static void halve_shares(struct outage_detector *d)
{
    for (size_t i = 0; i < OUTAGE_TOPICS_MAX; i++)
        d->topics[i] /= 2;
    for (uint32_t i = 0; i < d->n_places; i++)
        d->places[i].weight /= 2;
    d->heard /= 2;
}

void baseline_share(struct outage_detector *d, const struct outage_report *r)
{
    double weight = (double)r->quarters / QUARTERS;
    int n_topics = __builtin_popcount(r->topics);

    for (uint32_t rest = r->topics; rest; rest &= rest - 1)
        d->topics[__builtin_ctz(rest)] += weight / n_topics;
    if (r->place)
        place_share(d, r->place)->weight += weight;
    d->heard += weight;
    if (d->heard > HEARD_MAX)
        halve_shares(d);
}

double baseline_expect(const struct outage_detector *d, struct outage_cell cell)
{
    double mean = mean_volume(d, VOLUME_PRIOR), sum = 0, place = 0, rate;

    for (uint32_t i = 0; i < d->n_bins; i++)
        sum += d->bins[i].others;
    sum = (sum + VOLUME_PULL_MIN * mean) / (5.0 * d->n_bins + VOLUME_PULL_MIN);
    rate = share(d) * fmin(sum, VOLUME_CAP * mean) + FLOOR;
    if (cell.topic >= 0)
        rate *= (d->topics[cell.topic] + 2) / (d->heard + 8);
    if (cell.place) {
        for (uint32_t i = 0; i < d->n_places; i++)
            place += d->places[i].place == cell.place ? d->places[i].weight : 0;
        rate *= (place + 1) / (d->heard + 12);
    }
    return rate;
}


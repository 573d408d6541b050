/* Private to outage: the detector's state, and what its parts do with it. All of it is plain data,
 * so that state.c can write it down and read it back. */
#ifndef MENTIOND_OUTAGE_DETECTOR_H
#define MENTIOND_OUTAGE_DETECTOR_H

#include "mentiond/outage.h"

#define MINUTE_MS INT64_C(60000)
#define BIN_MS (5 * MINUTE_MS)
#define WINDOW_MS (60 * MINUTE_MS) /* of the scan, and in which a person counts once */
#define LEAD_MS (5 * MINUTE_MS)    /* members may be so much older than the onset */
#define SETTLED_MS (24 * WINDOW_MS) /* an outage that is open so long is what is ordinary now */
#define BINS 12                    /* of the last hour: volume now, and the base's delay */
#define BACK_MAX 4                 /* people who said "back", remembered for an open outage */
#define CLOSED_MAX 8               /* outages that are over, remembered for an hour */
#define QUARTERS 4                 /* weights are quarters: 1, 1/2, 1/4 or 0 */

struct outage_report {
    int64_t created_ms;
    uint64_t author, ref;
    uint32_t topics, place;
    uint32_t outage;  /* number of the one it belongs to, also after that is over; 0: free */
    uint8_t quarters; /* what it weighs */
    uint8_t less;     /* why no more: OUTAGE_LESS_… */
    bool person;      /* the author's first of this hour, and no repost */
    bool untold;      /* no event has brought it yet */
};

struct outage_copy { /* a text that others may be near-copies of */
    uint32_t words[MENTION_WORDS_MAX]; /* ascending */
    int64_t seen_ms;
    uint32_t sketch; /* a bit for each word: what cannot be alike is passed over */
    uint16_t count;
    uint16_t n_words;
};

struct outage_back {
    int64_t at_ms;
    uint64_t author;
};

struct outage_cluster {
    uint64_t id;
    uint32_t number;
    int32_t topic, topic_told; /* -1: not known */
    uint32_t place, place_told;
    uint32_t reports, people, people_told;
    int64_t opened_ms, since_ms;
    double weight, peak; /* peak: most weight a minute over 15 minutes */
    double score, threshold;
    struct outage_back back[BACK_MAX];
    uint32_t n_back;
    bool changed; /* has untold members */
};

struct outage_closed {
    int64_t at_ms;
    int32_t topic;
    uint32_t place;
};

struct outage_bin {
    uint32_t others; /* mentions that are no reports */
    double reports;  /* weight outside of open outages */
    bool busy;       /* an outage was open: teaches nothing */
};

struct outage_place_share {
    uint32_t place;
    double weight;
};

struct outage_detector {
    int64_t now_ms; /* all whole minutes and bins before it are done */
    int64_t bin;    /* number of the running bin: now_ms / BIN_MS */
    struct outage_bin running;
    struct outage_bin bins[BINS]; /* oldest first, of those not yet learned from */
    uint32_t n_bins;
    double reports, others;      /* decayed: the base's share */
    double volume, volume_min;   /* decayed: other mentions, and minutes */
    double topics[OUTAGE_TOPICS_MAX], heard; /* weight by topic, and of all */
    struct outage_place_share places[OUTAGE_PLACES_MAX];
    uint32_t n_places;
    struct outage_cluster open[OUTAGE_OPEN_MAX];
    uint32_t n_open, last_number;
    struct outage_closed closed[CLOSED_MAX];
    uint32_t n_closed;
    struct outage_report *ring; /* owned; by created_ms */
    uint32_t n_ring, cap_ring;
    struct outage_copy *copies; /* owned; oldest first */
    uint32_t n_copies, cap_copies;
    /* what its caller sets: no state */
    struct outage_guard *guards; /* owned */
    uint32_t n_guards;
    double least;
};

/* A cell: what reports are counted of. -1 and 0: any. */
struct outage_cell {
    int32_t topic;
    uint32_t place;
};

/* baseline.c: what the brand's ordinary chatter would bring */
void baseline_roll(struct outage_detector *d, int64_t now_ms);
void baseline_share(struct outage_detector *d, const struct outage_report *r);
double baseline_expect(const struct outage_detector *d, struct outage_cell cell); /* reports a minute */

/* weight.c: how much of a person's word a report is */
int weight_report(struct outage_detector *d, const struct outage_fact *f, bool *ret_person,
                  uint8_t *ret_quarters, uint8_t *ret_less);

/* ring.c: the reports, by when they were written */
int ring_insert(struct outage_detector *d, const struct outage_report *r,
                const struct outage_sink *sink, struct outage_report **ret);
void ring_forget(struct outage_detector *d, int64_t now_ms); /* what no one needs any more */
uint32_t ring_lower_bound(const struct outage_detector *d, int64_t created_ms);
double ring_weight_since(const struct outage_detector *d, uint32_t outage, int64_t since_ms);

/* scan.c */
static inline bool cell_fits(struct outage_cell cell, uint32_t topics, uint32_t place)
{
    return (cell.topic < 0 || topics >> cell.topic & 1) && (!cell.place || cell.place == place);
}

static inline bool cell_compatible(struct outage_cell cell, uint32_t topics, uint32_t place)
{
    return (cell.topic < 0 || !topics || topics >> cell.topic & 1) &&
           (!cell.place || !place || cell.place == place);
}

struct outage_alarm {
    struct outage_cell cell;
    int64_t since_ms;
    double score, threshold;
    double weight, minutes, chatter; /* of the start that scores most */
};
/* Whether what no open outage explains is too much for one of the cells of this report. */
bool scan_report(const struct outage_detector *d, const struct outage_report *r,
                 struct outage_alarm *ret);

/* look.c */
uint64_t outage_id_make(int64_t opened_ms, int64_t since_ms, int32_t topic, uint32_t place);

/* cluster.c: outages that are open */
struct outage_cluster *cluster_find(struct outage_detector *d, const struct outage_report *r);
void cluster_join(struct outage_cluster *k, struct outage_report *r);
void cluster_open(struct outage_detector *d, const struct outage_alarm *alarm,
                  const struct outage_sink *sink);
void cluster_hear_back(struct outage_detector *d, const struct outage_fact *f);
void cluster_tick(struct outage_detector *d, const struct outage_sink *sink); /* each minute */
void cluster_remember_closed(struct outage_detector *d, const struct outage_cluster *k);
/* An event of it as it is, without members. */
struct outage_event cluster_event(const struct outage_detector *d, const struct outage_cluster *k,
                                  enum outage_event_kind kind);
/* Tells what is new: members, a doubling, another name. NULL is nothing to tell. */
void cluster_tell(struct outage_detector *d, struct outage_cluster *k, enum outage_event_kind kind,
                  const struct outage_sink *sink);
/* Whether the base may learn from its time and its reports. */
static inline bool cluster_is_settled(const struct outage_detector *d, const struct outage_cluster *k)
{
    return d->now_ms - k->opened_ms > SETTLED_MS;
}
struct outage_cluster *cluster_by_number(struct outage_detector *d, uint32_t number);

#endif

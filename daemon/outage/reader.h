/* What the files of the reader share. */
#ifndef MENTIOND_OUTAGE_READER_INTERNAL_H
#define MENTIOND_OUTAGE_READER_INTERNAL_H

#include "mentiond/outage_reader.h"

#define READER_GROUP_MAX 512 /* facts of one millisecond that go to the detector at once */
#define READER_KNOWN_MAX 64  /* outages: open ones, and the last that were */
#define READER_NETWORKS_MAX 16
#define READER_NAME_MAX 64
#define READER_CHANGES_MAX 4096

struct reader_report { /* who a number of the detector is */
    uint64_t ref;
    char *id; /* owned */
};

struct reader_outage { /* what is said of an outage beside what the detector knows */
    uint64_t id;
    char networks[READER_NETWORKS_MAX][32];
    size_t n_networks;
    double per_minute;
    int topic;
    uint32_t place; /* 0: everywhere, or not known */
    uint32_t reports;
    int64_t since_ms;
    bool stored_open; /* by the store, when reading began */
};

struct reader_guard {
    char id[READER_NAME_MAX + 1];
    struct outage_guard guard;
};

struct outage_reader {
    struct outage_reader_options options;
    struct outage_detector *d; /* owned */
    bool anew;                 /* it was not loaded */
    struct outage_position done, known_until;
    bool replaying;
    int64_t saved_ms, now_ms;

    struct outage_fact facts[READER_GROUP_MAX];
    size_t n_facts;
    struct outage_position group; /* the last entry of the running millisecond; ms 0: none */

    struct reader_report *reports; /* owned; by ref */
    size_t n_reports;
    struct reader_outage known[READER_KNOWN_MAX];
    size_t n_known;
    struct reader_guard guards[OUTAGE_GUARDS_MAX];
    size_t n_guards;
    struct outage_change *changes; /* owned */
    size_t n_changes, cap_changes;
    bool failed; /* out of memory within the detector's call */
};

static inline uint64_t reader_ref(struct outage_position id)
{
    return (uint64_t)id.ms << 20 | ((uint64_t)id.seq & 0xfffff);
}

/* reader.c */
const char *reader_find(const struct outage_reader *r, uint64_t ref);      /* NULL: older than what is kept */
struct reader_outage *reader_outage(struct outage_reader *r, uint64_t id); /* made when it is not known */

/* reader_changes.c */
void reader_on_event(void *user, const struct outage_event *e);
void reader_say_over(struct outage_reader *r, const struct reader_outage *o);

/* reader_guards.c */
bool reader_take_guard(struct outage_reader *r, const struct str *fields, size_t n_fields);
struct str reader_field(const struct str *fields, size_t n_fields, const char *name);

#endif

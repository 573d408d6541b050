/* The detector's reader without its I/O: from the entries of a brand's event stream to what outage_commit
 * stores (docs/queue.md). It is given entries in their order and the stream's clock, and has changes, a
 * position and state for its caller to store in one step.
 *
 * Time is that of the entries' ids. Entries of one millisecond go to the detector together, so that it does
 * not matter how they fell into pages. The same stream gives the same changes wherever reading stopped and
 * began again. */
#ifndef MENTIOND_OUTAGE_READER_H
#define MENTIOND_OUTAGE_READER_H

#include "mentiond/outage.h"

#define OUTAGE_READER_BACK_MS (INT64_C(70) * 60 * 1000) /* before the state: whose ids may still be needed   \
                                                         */
#define OUTAGE_READER_SAVE_MS 60000                     /* of the stream, at most between two commits */
#define OUTAGE_READER_REPORTS_MAX 8192                  /* of these 70 minutes whose ids are kept */
#define OUTAGE_CHANGE_MEMBERS_MAX 500

struct outage_position {
    int64_t ms, seq; /* an entry's id */
};

struct outage_change {
    char *json; /* owned */
    size_t len;
    unsigned n_members;
};

struct outage_reader;

struct outage_reader_options {
    const struct outage_lens *lens; /* borrowed */
    bool shadow;                    /* changes say so */
    double least_people;            /* within an hour; 0: as the detector says */
};

int outage_reader_create(const struct outage_reader_options *options, struct outage_reader **ret,
                         struct error *err);
void outage_reader_destroy(struct outage_reader *r);

/* The stored state, of the entry `at`: -EBADMSG when it is none. Without one the detector begins anew. */
int outage_reader_load(struct outage_reader *r, struct str state, struct outage_position at,
                       struct error *err);
/* An outage that is stored as open: its JSON as outage_list gives it. */
void outage_reader_know(struct outage_reader *r, const json_t *outage);
/* Guards and windows as outage_guards gives them. */
void outage_reader_know_guards(struct outage_reader *r, const json_t *guards);
/* What happened up to this entry is known: it is gone through without changes. Where a detector begins anew,
 * what it has open then is compared with what is stored: the same goes on by its known id, the rest is over.
 */
void outage_reader_known_until(struct outage_reader *r, struct outage_position position);
/* Where to begin reading: before the state, because ids of the last reports are needed. */
struct outage_position outage_reader_start(const struct outage_reader *r);

/* The next entry; name and value alternate. -ENOMEM. */
int outage_reader_entry(struct outage_reader *r, struct outage_position id, const struct str *fields,
                        size_t n_fields, struct error *err);
/* No entry before this time will follow. */
int outage_reader_clock(struct outage_reader *r, int64_t now_ms, struct error *err);

/* Whether there is something to commit: changes, or a minute of the stream. */
bool outage_reader_is_due(const struct outage_reader *r);
/* Until outage_reader_committed(), which forgets them. */
const struct outage_change *outage_reader_changes(const struct outage_reader *r, size_t *ret_n);
/* The position up to which everything is in changes and state. */
struct outage_position outage_reader_position(const struct outage_reader *r);
bool outage_reader_save(const struct outage_reader *r, struct buf *out);
void outage_reader_committed(struct outage_reader *r);
/* How many outages are open now. */
size_t outage_reader_open_count(const struct outage_reader *r);

#endif

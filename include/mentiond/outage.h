/* Outages: when distinct people report more than a brand's ordinary chatter brings.
 *
 * The detector is pure. It is told facts about mentions and the time, and says when an outage
 * opened, how it went on and when it was over. It does no I/O, has no clock, and keeps at most
 * OUTAGE_MEMORY_MAX bytes for a brand. Windows run on when people wrote, decisions on when their
 * words arrived. Equations and reasons: docs/outages.md.
 *
 * The same facts give the same events: in any order inside of one batch, and across outage_save()
 * and outage_load() at any moment. One detector for each brand. */
#ifndef MENTIOND_OUTAGE_H
#define MENTIOND_OUTAGE_H

#include "mentiond/mention.h"

#define OUTAGE_RING_MAX 1024         /* reports that are remembered, of the last hour or an open outage */
#define OUTAGE_COPIES_MAX 128        /* texts that near-copies are looked for among */
#define OUTAGE_OPEN_MAX 8            /* at once; what would open a further one stays unexplained */
#define OUTAGE_PLACES_MAX 96         /* whose share is known; the least heard of gives way */
#define OUTAGE_TOPICS_MAX 24         /* bits of a topic set */
#define OUTAGE_GUARDS_MAX 200        /* what was rejected, and windows of maintenance */
#define OUTAGE_MEMORY_MAX (60 * 1024) /* bytes of one detector; its saved form is no larger */

enum outage_kind {
    OUTAGE_OTHER,    /* any other mention: the chatter that reports are measured against */
    OUTAGE_REPORT,   /* somebody says that something does not work now */
    OUTAGE_RECOVERY, /* somebody says that it works again */
};

/* What a detector is told about one mention. */
struct outage_fact {
    enum outage_kind kind;
    int64_t created_ms;
    uint64_t id;     /* of the mention: outage_hash() of it; gives facts of one batch their order */
    uint64_t ref;    /* the caller's own name for the mention, handed back in events */
    uint64_t author; /* outage_hash() of the author's id */
    uint32_t topics; /* bits, see outage_topic() */
    uint32_t place;  /* any number for a place, 0: not known */
    bool repost;     /* belongs to an outage, but is no evidence of one */
    bool young;      /* a new account that few follow */
    bool faint;      /* words of an outage, but too few for the verdict */
    uint8_t n_words;
    uint32_t words[MENTION_WORDS_MAX]; /* hashes of distinct words, for near-copies */
};

/* Why a report weighs less than one. */
#define OUTAGE_LESS_AGAIN (1u << 0)       /* the same person within the hour */
#define OUTAGE_LESS_REPOST (1u << 1)
#define OUTAGE_LESS_YOUNG (1u << 2)       /* a new account that few follow */
#define OUTAGE_LESS_COPY (1u << 3)        /* a near-copy of another text */
#define OUTAGE_LESS_FAINT (1u << 4)       /* too few points for the verdict */
#define OUTAGE_LESS_MAINTENANCE (1u << 5) /* announced work */
#define OUTAGE_LESS_COUNT 6

struct outage_member {
    uint64_t ref;
    int64_t created_ms;
    double weight; /* 0 to 1 */
    unsigned less; /* why it is not 1 */
};

enum outage_event_kind { OUTAGE_OPENED, OUTAGE_UPDATED, OUTAGE_CLOSED };

/* Why an OUTAGE_UPDATED is worth telling people; 0 when it only brings members. */
#define OUTAGE_DOUBLED (1u << 0)   /* twice as many people as last told */
#define OUTAGE_RETOPICED (1u << 1) /* what is down became known or changed */
#define OUTAGE_MOVED (1u << 2)     /* where it is became known, changed, or it is wider now */

struct outage_event {
    enum outage_event_kind kind;
    unsigned why;
    uint32_t number; /* of the outage: 1, 2, … of this brand, as long as its detector lives */
    uint64_t id;     /* of the outage: the same if another detector finds it; see outage_id_format() */
    uint64_t beside_id;
    uint32_t beside; /* OPENED: an open outage that this one was told apart from, else 0 */
    int64_t at_ms;   /* when it is said: the arrival clock */
    int64_t since_ms; /* when it began, by what people wrote */
    int topic;       /* bit number, -1: not known */
    uint32_t place;  /* 0: everywhere, or not known */
    uint32_t people; /* distinct ones of each hour */
    uint32_t reports; /* all that belong to it */
    double per_minute, expected_per_minute; /* reports: at its height so far, and ordinarily */
    double score, threshold;                /* when it opened */
    /* OPENED: what reached the threshold: this weight in these minutes, where chatter would have brought
     * `chatter`, among reports of this topic (-1: any) and place (0: any) */
    double alarm_weight, alarm_minutes, alarm_chatter;
    int alarm_topic;
    uint32_t alarm_place;
    const uint64_t *refs; /* members since the last event; borrowed for the call */
    size_t n_refs;
    const struct outage_member *members; /* the same with what is known of them */
};

/* Called during outage_update() and outage_tick(), in the order of `at_ms`. */
struct outage_sink {
    void (*event)(void *user, const struct outage_event *event);
    void *user;
};

struct outage_detector;

/* NULL when out of memory. */
struct outage_detector *outage_create(void);
void outage_destroy(struct outage_detector *d);

/* Facts that arrived together at now_ms. Puts them in order in place. A time before the last one
 * counts as the last one. Errors: -ENOMEM; the facts not yet seen are then lost to the detector. */
int outage_update(struct outage_detector *d, struct outage_fact *facts, size_t n_facts,
                  int64_t now_ms, const struct outage_sink *sink);

/* What time alone brings about: news once a minute, the all-clear. To be called when nothing
 * arrives; however late, events are those of every minute in between. */
void outage_tick(struct outage_detector *d, int64_t now_ms, const struct outage_sink *sink);

/* What the settings and people say. None of it is part of the state: to be given again after a load. */
struct outage_guard {
    int topic;      /* -1: any */
    uint32_t place; /* 0: any */
    int64_t from_ms, until_ms;
    /* Reports of it weigh nothing. Else what fits opens at three times the threshold, and twice the rate of
     * what was rejected counts as ordinary. */
    bool maintenance;
    double per_minute;
};
/* Copies at most OUTAGE_GUARDS_MAX. */
void outage_set_guards(struct outage_detector *d, const struct outage_guard *guards, size_t n_guards);
/* So much weight within an hour opens anything; below 3 it is 3. */
void outage_set_least(struct outage_detector *d, double people);

size_t outage_open_count(const struct outage_detector *d);
size_t outage_memory(const struct outage_detector *d); /* bytes */

/* The whole state as bytes of a version of their own, with a checksum. False when the buffer's
 * limit is met. */
bool outage_save(const struct outage_detector *d, struct buf *out);

/* ---- looking into it, and mending ------------------------------------------------------------- */

/* Open outages as they are now, without members, as events of kind UPDATED. */
void outage_each_open(const struct outage_detector *d, const struct outage_sink *sink);
/* Reports of an outage by minutes: of those that begin at from_ms, a minute's beginning, n counts. */
void outage_count_minutes(const struct outage_detector *d, uint32_t number, int64_t from_ms,
                          unsigned *ret_counts, size_t n);
/* Its first members that weigh most: at most n refs; returns how many. */
size_t outage_examples(const struct outage_detector *d, uint32_t number, uint64_t *ret_refs, size_t n);
/* It is none, people say: gone without a word, its reports open nothing any more. */
void outage_drop(struct outage_detector *d, uint64_t id);
/* An anew made detector found what is known by another id already, with so many reports. */
void outage_rename(struct outage_detector *d, uint32_t number, uint64_t id, uint32_t reports);
/* Tells an open outage as if it opened now, with all its members. */
void outage_tell_again(struct outage_detector *d, uint32_t number, const struct outage_sink *sink);

/* "261121-1832-k3f": the minute it was opened (UTC), and three letters that tell those of one minute apart.
 */
#define OUTAGE_ID_LEN 15
void outage_id_format(uint64_t id, char ret_text[OUTAGE_ID_LEN + 1]);
bool outage_id_parse(struct str text, uint64_t *ret_id);

/* The inverse, trusting nothing: -EBADMSG names what cannot be (another version, cut off, a number
 * out of its range). Then the caller starts anew from the stream. */
int outage_load(struct str bytes, struct outage_detector **ret, struct error *err);

uint64_t outage_hash(struct str text); /* of ids; never 0 */

/* ---- from mentions to facts ------------------------------------------------------------------- */

/* The bit of a topic that packs capture ("wifi" has none: packs capture list names), or -1. */
int outage_topic(struct str name);
const char *outage_topic_name(int topic); /* NULL for -1 */

/* Names of places or companies, each with a code. Matching is on whole words, accents and case
 * folded, the longest name first. */
struct gazetteer;
int gazetteer_create(struct gazetteer **ret, struct error *err);
void gazetteer_destroy(struct gazetteer *g);
/* -E2BIG over GAZETTEER_NAMES_MAX, -EINVAL for a name without letters, -EEXIST when the name has
 * another code already. */
int gazetteer_add(struct gazetteer *g, struct str code, struct str name, struct error *err);
/* The code of the first name in the text, {NULL, 0} if none. Borrowed from the gazetteer. */
struct str gazetteer_find(const struct gazetteer *g, struct str text);
bool gazetteer_has_code(const struct gazetteer *g, struct str code);
/* The code whose outage_place_number() this is, {NULL, 0} if none. */
struct str gazetteer_code(const struct gazetteer *g, uint32_t number);
size_t gazetteer_count(const struct gazetteer *g); /* names */

#define GAZETTEER_NAMES_MAX 100000
#define GAZETTEER_NAME_MAX 128 /* bytes, folded */

/* A file of places: YAML, a map of code to names and aliases. Everything wrong goes to `diag`; then
 * NULL. */
struct diag;
struct gazetteer *gazetteer_load(const char *path, struct diag *diag);

/* What a brand's mentions are seen through. Each may be NULL. */
struct outage_lens {
    struct gazetteer *places; /* owned; only the brand's own: Nice, Essen and Kiel are words elsewhere */
    struct gazetteer *rivals; /* owned */
};

/* What the brand's settings name: `places:`, without it places/world.yaml of what ships, if it is
 * there, and `rivals:`. False with what is wrong in `diag`; what
 * was loaded until then is in the lens. outage_lens_finish() frees both. */
struct settings;
struct brand_settings;
bool outage_lens_load(struct outage_lens *lens, const struct settings *settings,
                      const struct brand_settings *brand, struct diag *diag);
void outage_lens_finish(struct outage_lens *lens);

/* All that is to be done between the rules and the detector, or the event that carries it there; the daemon
 * and `outages simulate` both do it by this. The place becomes the network's, else a rule's, else that of the
 * author's profile. If the mention says something of an outage: the place becomes the code of the first that
 * is known (of the place, the text, the profile; what has no code stays), other-brand is noted when a rival
 * is named, and the words are hashed. At last `says` is set. The arena is for a moment. */
void outage_look(const struct outage_lens *lens, const struct brand_settings *brand, struct mention *m,
                 struct arena *arena);

/* After outage_look(), or from what an event carries of it: id, class, says, place, captured topics, words,
 * author, times, repost_of. `ref` stays 0: it is the caller's. */
struct outage_fact outage_fact_of(const struct outage_lens *lens, const struct mention *m);

/* The words of a text that tell near-copies: hashes of up to MENTION_WORDS_MAX distinct
 * words without names, links, tags, numbers and the brand's own words, in order of appearance. */
void mention_hash_words(struct mention *m, const struct brand_settings *brand, struct arena *arena);

/* The number that stands for a place in facts and events. */
uint32_t outage_place_number(struct str code);

#endif

/* The mention: one record, one meaning everywhere (C, JSON in Redis, events, alerts).
 *
 * All text is borrowed from the arena of the page it came with. `mention_to_json` and
 * `mention_from_json` are inverse to each other; docs/queue.md shows the JSON form. */
#ifndef MENTIOND_MENTION_H
#define MENTIOND_MENTION_H

#include <stdint.h>

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/error.h"
#include "mentiond/json.h"

/* Limits of the record (protocol.md section 3). */
#define MENTION_TEXT_MAX (16 * 1024)
#define MENTION_URL_MAX 2048
#define MENTION_ID_MAX 512
#define MENTION_NAME_MAX 256
#define MENTION_HITS_MAX 32
#define MENTION_CAPTURES_MAX 16
#define MENTION_CAPTURE_MAX 256
#define MENTION_NAMED_MAX 16
#define MENTION_ALSO_MAX 8
#define MENTION_WORDS_MAX 24
#define MENTION_JSON_MAX (32 * 1024)

enum mention_class { CLASS_NONE, CLASS_PRAISE, CLASS_COMPLAINT, CLASS_OUTAGE, CLASS_COUNT };

enum mention_signal {
    SIGNAL_RECOVERY = 1 << 0,
    SIGNAL_MAINTENANCE = 1 << 1,
    SIGNAL_PAST = 1 << 2,
    SIGNAL_JOKE = 1 << 3,
    SIGNAL_NEWS = 1 << 4,
    SIGNAL_OTHER_BRAND = 1 << 5,
};
#define SIGNAL_COUNT 6

/* What a mention says of an outage, whatever its class: set after the rules. */
enum mention_says {
    SAYS_NOTHING,
    SAYS_DOWN,    /* somebody says that something does not work now */
    SAYS_REPEATS, /* the same in somebody else's words: "RT @…" */
    SAYS_BACK,    /* it works again */
};

struct mention_author {
    struct str id;          /* the same wherever the author is seen */
    struct str handle;      /* as people write it, without "@" */
    struct str name;
    struct str location;
    int64_t followers;      /* -1: not told */
    int64_t created_at_ms;  /* 0: not told */
    bool verified;
};

struct mention_hit {
    struct str rule;          /* "pack/rule id" */
    enum mention_class class; /* CLASS_NONE for signal rules */
    int score;
    uint32_t start, end; /* bytes into text, end exclusive */
};

struct mention_capture {
    struct str name, value;
};

struct mention {
    struct str id;     /* "<network>:<id that is the same wherever it is seen>" */
    struct str native; /* the id this server knows it by, "" if the same */
    struct str brand, source, network;
    struct str also[MENTION_ALSO_MAX]; /* other brands the post names */
    size_t n_also;
    struct str url;
    struct str text; /* plain UTF-8 as written */
    struct str lang; /* BCP 47, "und" if nobody knows */
    int64_t created_at_ms, fetched_at_ms;
    int64_t edited_at_ms;          /* 0: never */
    int64_t claimed_created_at_ms; /* what the network said when that was clamped, else 0 */
    struct mention_author author;
    struct str conversation, in_reply_to, repost_of; /* network ids, without the "<network>:" */
    struct str in_reply_to_author;                   /* author id or handle, as far as told */
    struct str named[MENTION_NAMED_MAX]; /* handles or ids the post addresses; not stored */
    size_t n_named;
    int64_t likes, shares, replies; /* -1: not told */
    struct str place;
    struct str kind; /* "post", "comment", "link", "review": as the network sees it, may be "" */

    bool truncated, backfill, sensitive;
    bool addressed;  /* the customer speaks to the brand */
    bool own;        /* written by one of the brand's own accounts */
    bool own_parent; /* answers an own post */
    bool root_own;   /* the conversation began with an own post */

    enum mention_class class;
    int score;               /* of the class */
    int scores[CLASS_COUNT]; /* by class; [CLASS_NONE] unused */
    unsigned signals;        /* enum mention_signal */
    enum mention_says says;  /* not stored */
    struct mention_hit hits[MENTION_HITS_MAX];
    size_t n_hits;
    struct mention_capture captures[MENTION_CAPTURES_MAX];
    size_t n_captures;
    uint32_t words[MENTION_WORDS_MAX]; /* hashes of distinct words, for near-copies; not stored */
    size_t n_words;
};

/* A mention with the defaults: followers, likes, shares, replies -1; lang "und". */
void mention_init(struct mention *m);

/* Enforces the limits above (cuts text on a character and marks `truncated`), and clamps a
 * created_at later than fetched_at + 60 s. created_at 0 becomes fetched_at. Fails with -EINVAL
 * naming the field when the id, network or author is unusable. */
int mention_check(struct mention *m, struct error *err);

/* Appends the JSON object. False when over MENTION_JSON_MAX or the buffer's limit. */
bool mention_to_json(const struct mention *m, struct buf *out);

/* The inverse; text is copied into the arena. Unknown members are ignored, missing ones get the
 * default, a wrong type is -EINVAL naming the member. */
int mention_from_json(const json_t *value, struct arena *arena, struct mention *ret,
                      struct error *err);

/* Whole days of the author's account when we heard of the mention, -1: not known. */
int64_t mention_age_days(const struct mention *m);

const char *mention_says_name(enum mention_says says); /* "" for SAYS_NOTHING, "down", "repeats", "back" */
enum mention_says mention_says_parse(struct str name); /* SAYS_NOTHING for what is none */
const char *mention_class_name(enum mention_class class);          /* "outage" … "none" */
bool mention_class_parse(struct str name, enum mention_class *ret);
const char *mention_signal_name(unsigned signal);                  /* of a single bit */
bool mention_signal_parse(struct str name, unsigned *ret);

#endif

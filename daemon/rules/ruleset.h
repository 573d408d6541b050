/* What a loaded rule set is made of. Internal to rules/.
 *
 * Packs hold lists, guards and rules; patterns (phrases and regexes) belong to rules and
 * guards. All of it is built once by the loader (pack.c, pack_rules.c) and never changed:
 * judging reads it and writes only to the matcher's scratch and the counters. */
#ifndef MENTIOND_RULES_RULESET_H
#define MENTIOND_RULES_RULESET_H

#include "mentiond/rules.h"
#include "rules/conditions.h"
#include "rules/matcher.h"
#include "rules/names.h"
#include "rules/phrase.h"

#define NAME_MAX_LEN 64 /* of packs, lists, guards, groups */
#define RULE_GUARDS_MAX 32
#define RULE_CAPTURES_MAX 8
#define RULES_ARENA_MAX (256 * 1024 * 1024)
#define THRESHOLD_UNSET INT_MIN
#define THRESHOLD_DEFAULT 3

/* Owners of patterns: rules by index, guards with this bit. */
#define OWNER_GUARD (1u << 31)

struct rule_capture {
    struct str name, value;
};

struct rule_names {
    const uint32_t *items; /* rules */
    size_t n;
};

/* Which other rules must count, or not. */
struct rule_needs {
    struct rule_names all, any, none, of;
    size_t at_least; /* of `of` */
};

/* What a negation near a hit does. */
enum negated { NEGATED_KEEP, NEGATED_SKIP, NEGATED_FLIP };

enum window_side { WINDOW_BEFORE, WINDOW_BEHIND, WINDOW_AROUND };

/* A negation or booster: where it reaches, and what it does there. */
struct window {
    uint32_t pack;
    bool negates;
    enum window_side side; /* where the word stands, seen from the hit */
    size_t words;          /* at most so many between */
    int add;               /* boosters: to the score */
};

enum rule_test { RULE_TEST_MATCH, RULE_TEST_SKIP, RULE_TEST_TODO_MATCH, RULE_TEST_TODO_SKIP };
#define RULE_TEST_KINDS 4

struct rule {
    struct str id;    /* as written */
    struct str name;  /* "pack/id" */
    uint32_t pack;
    enum mention_class class; /* CLASS_NONE for signal and extract rules */
    unsigned signal;          /* one enum mention_signal bit, or 0 */
    int scores[CLASS_COUNT];  /* what it adds to each class */
    int priority;             /* rules under the highest one that counts add nothing */
    bool experimental, boosted;
    bool disabled, overridden; /* by an override; the latter in its score */
    enum negated negated;
    bool has_patterns;        /* phrases, regexes or conditions of its own */
    bool needs_others;        /* it says all, any, not or at_least */
    const struct rule_needs *needs; /* set when all rules are read */
    struct str owner, since, note;
    const uint32_t *guards;   /* each may hold a hit back */
    size_t n_guards;
    const uint32_t *when;     /* one must have been seen for a hit to count */
    size_t n_when;
    const struct rule_capture *captures; /* said whenever the rule counts */
    size_t n_captures;
    const struct config_node *node; /* the rule in its doc, and its tests */
    const struct config_node *tests[RULE_TEST_KINDS];
};

struct guard {
    struct str name; /* empty: the inline phrases of a rule */
    uint32_t pack;
    uint32_t window; /* 0: none; else it is no guard, but makes marks for that window - 1 */
    bool whole_post; /* holds back hits anywhere, not only in its own sentence */
    const struct config_node *node;
};

/* Rules that share guards. */
struct rule_group {
    struct str name;
    const uint32_t *unless;
    size_t n_unless;
};

/* A built-in condition that makes hits of a rule or guard, as a pattern does. */
struct condition_use {
    uint32_t owner, pack;
    enum condition condition;
};

struct pack {
    struct str name, lang; /* lang empty: judges every mention */
    struct config_doc *doc; /* owned; NULL once settled */
    int thresholds[CLASS_COUNT], margins[CLASS_COUNT]; /* THRESHOLD_UNSET: not said here */
    struct word_list *lists; /* as groups, until the pack is settled */
    size_t n_lists;
    uint32_t first_guard, end_guard; /* its named guards */
    uint32_t unless[RULE_GUARDS_MAX]; /* hold back every rule of the pack */
    size_t n_unless;
    struct rule_group *groups;
    size_t n_groups;
    const struct config_node *lists_node, *guards_node, *groups_node, *unless_node, *rules_node;
    const struct config_node *negations_node, *boosters_node, *overrides_node;
    enum negated negated; /* of its rules, if they do not say */
    bool boosted;
};

struct ruleset {
    unsigned refs;
    struct arena arena; /* owned: everything below that is not said otherwise */
    struct arena sources; /* owned: those of patterns, while they are not packed */
    struct arena reading; /* owned: lists and groups of packs, until the set is settled */
    struct pack *packs; /* owned, as the other three arrays */
    size_t n_packs;
    struct rule *rules;
    size_t n_rules, cap_rules;
    struct name_index names; /* owned; "pack/id" of each rule */
    uint32_t *needing;       /* rules that need others, each after those */
    size_t n_needing;
    struct guard *guards;
    size_t n_guards, cap_guards;
    struct pattern *patterns;
    size_t n_patterns, cap_patterns;
    const struct config_node **origins; /* owned; where each pattern is written */
    size_t n_origins, cap_origins;
    struct window *windows; /* owned */
    size_t n_windows, cap_windows;
    struct condition_use *conditions; /* owned */
    size_t n_conditions, cap_conditions;
    const struct matcher_engine *engine;
    struct matcher *matcher; /* owned; NULL: let go of by ruleset_rest() */
    struct regex_scratch *scratch; /* owned: for what loading tries out; NULL until needed */
    uint64_t limited, limited_told; /* by ruleset_take_uses() */
    bool *fired;           /* owned; for each rule: counted since ruleset_take_uses() */
    uint64_t *limits_told; /* owned; for each pattern: limits reached that it has told of */
    unsigned char *packed_sources; /* owned; NULL: never packed yet */
    size_t packed_len;
    bool sources_rest; /* patterns have lengths only */
    bool judged;       /* since ruleset_rest() was asked last */
    int64_t judged_ms; /* when it was found to be so last */
    int64_t rested_ms; /* when ruleset_rest() last looked at codes; 0: never */
    bool settled; /* packs have no docs any more, and nothing has nodes */
};

/* ---- loading -------------------------------------------------------------------------------- */

/* The steps of reading a pack, for all packs one after the other, because packs of one
 * language may use each other's lists and guards. Each reports to `d`. */
void pack_read_head(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_lists(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_guards(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_windows(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_groups(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_rules(struct ruleset *set, uint32_t pack, struct diag *d);
void pack_read_needs(struct ruleset *set, uint32_t pack, struct diag *d);
void ruleset_order_needs(struct ruleset *set, struct diag *d); /* after the last of them */
void overrides_apply(struct ruleset *set, struct diag *d);     /* of all packs */

/* Numbers by class: thresholds, margins, scores. Those the map does not name become `unset`. */
struct by_class {
    int64_t of[CLASS_COUNT];
};
#define BY_CLASS(name, class, low, high, text)                                                     \
    {.key = name, .kind = OPTION_INT, .offset = offsetof(struct by_class, of[class]), .min = low,  \
     .max = high, .help = text}
#define BY_CLASS_TABLE(low, high, text)                                                            \
    {                                                                                              \
        BY_CLASS("outage", CLASS_OUTAGE, low, high, text),                                         \
        BY_CLASS("complaint", CLASS_COMPLAINT, low, high, text),                                   \
        BY_CLASS("praise", CLASS_PRAISE, low, high, text),                                         \
        {0},                                                                                       \
    }
void pack_read_by_class(const struct option *table, const char *where,
                        const struct config_node *map, struct config_doc *doc, int unset,
                        int ret_values[CLASS_COUNT], struct diag *d);

/* What must stand near each phrase of a rule; node NULL: nothing, or the phrase's own words near each
 * other. */
struct phrase_neighbour {
    const struct config_node *node; /* one phrase or a list */
    /* the phrase's place */
    enum neighbour_place { PLACE_BEFORE, PLACE_AFTER, PLACE_BESIDE, PLACE_WITHIN } place;
    int words;                      /* 0: no neighbour */
};

/* Compiles the phrases and regexes of one owner; `captures` maps lists to names. */
struct pattern_source {
    struct ruleset *set;
    uint32_t pack, owner;
    const char *where; /* path of keys for messages */
    const struct rule_capture *captures;
    size_t n_captures;
    struct diag *d;
    struct phrase_neighbour neighbour; /* of each phrase */
};
void pack_read_phrases(const struct pattern_source *from, const struct config_node *node);
void pack_read_regexes(const struct pattern_source *from, const struct config_node *node);
/* Where in the file the byte `at` of a one-line scalar stands. */
struct config_mark pack_mark_inside(const struct config_node *node, size_t at);
/* Names of built-in conditions, one or a list. */
void pack_read_conditions(const struct pattern_source *from, const struct config_node *node);

extern const char *const pack_negated_choices[]; /* by enum negated */

/* Letters, digits, "_", "-" and ".". */
bool pack_is_name(struct str text);
/* False, reported, if it is not. No map at all is false, but no mistake. */
bool pack_check_name(const struct pack *pack, const char *what, const struct config_node *key,
                     struct diag *d);
bool pack_check_map(const struct pack *pack, const char *what, const struct config_node *node,
                    struct diag *d);

/* May `user` use what `owner` defines? */
bool pack_shares(const struct pack *user, const struct pack *owner);
const struct rule_group *pack_find_group(const struct pack *pack, struct str name);

/* Own names first, then those of other packs of the same language or of none. */
const struct word_list *pack_find_list(const struct ruleset *set, uint32_t pack, struct str name);
const char *pack_guess_list(const struct ruleset *set, uint32_t pack, struct str name);
bool pack_find_guard(const struct ruleset *set, uint32_t pack, struct str name, uint32_t *ret);
const char *pack_guess_guard(const struct ruleset *set, uint32_t pack, struct str name);

/* By "id" in its own pack, by "pack/id", then by "id" in packs it shares with. */
bool pack_find_rule(const struct ruleset *set, uint32_t pack, struct str name, uint32_t *ret);
const char *pack_guess_rule(const struct ruleset *set, uint32_t pack, struct str name);

/* Reads an `unless` or a `when`: names of guards and conditions, and inline phrases. Adds to the
 * guards there are, up to RULE_GUARDS_MAX. */
void pack_read_guard_use(struct ruleset *set, uint32_t pack, const char *where,
                         const struct config_node *node, uint32_t *guards, size_t *n_guards,
                         struct diag *d);
/* The new guard is the last of the set. False, reported, if there is no room. */
bool pack_guard_add(struct ruleset *set, uint32_t pack, struct str name,
                    const struct config_node *node, struct diag *d);
/* A copy that lives as long as the set; NULL of none. */
const uint32_t *guards_keep(struct ruleset *set, const uint32_t *guards, size_t n);

/* Makes room for one more in an array of the set; NULL, reported, over `max` or out of memory. */
void *ruleset_grow(void **items, size_t *n, size_t *cap, size_t item_size, size_t max,
                   const char *what, struct diag *d);

/* ---- judging -------------------------------------------------------------------------------- */

#define JUDGED_HITS_MAX 512
#define HELD_BY_NOBODY UINT32_MAX
#define HELD_BY_WHEN (UINT32_MAX - 1) /* nothing of its `when` was seen */
#define HELD_BY_NEEDS (UINT32_MAX - 2) /* the rules that it needs do not count */
#define HELD_BY_NEGATION (UINT32_MAX - 3)
#define JUDGED_MARKS_MAX 256

/* A negation or booster in the text. */
struct window_mark {
    uint32_t window, start, end; /* bytes of the original */
};

/* A rule that counts. */
struct counted {
    uint32_t rule;
    bool flipped; /* all its hits are negated */
    int boost;    /* the strongest of its hits' */
};

struct judged_hit {
    uint32_t rule;
    uint32_t start, end; /* bytes of the original */
    uint32_t held_by;    /* the guard that held it back */
    size_t first_capture, n_captures;
    bool negated; /* by a window that its rule minds */
    int boost;    /* to be added to the score */
};

/* All that was found out about one mention; lives in its arena. */
struct judgement {
    struct arena arena; /* owned */
    struct text_normal text;
    struct judged_hit *hits; /* in the order of the text */
    size_t n_hits;
    struct rule_capture *captures;
    size_t n_captures;
    uint64_t *guards;  /* for each guard the sentences it was seen in, bit 63 for all later ones */
    bool *counts;      /* for each rule: has a hit that nobody held back */
    struct counted *counted; /* those rules, each once */
    size_t n_counted;
    struct window_mark *marks;
    size_t n_marks;
    bool *packs;       /* for each pack: judges this mention */
    int scores[CLASS_COUNT], thresholds[CLASS_COUNT], margins[CLASS_COUNT];
    int priority; /* the highest of the rules that count: only those add their scores */
    unsigned signals;
    enum mention_class class;
    bool dropped;      /* hits beyond JUDGED_HITS_MAX */
    unsigned limited;
};

/* Packs the sources of patterns; stays as it is if that fails. Nothing may read
 * them until they are needed. */
void sources_rest(struct ruleset *set);
int sources_need(struct ruleset *set); /* -ENOMEM only */

/* There when it was not let go of; else made anew. -ENOMEM only. */
int ruleset_need_matcher(struct ruleset *set);

/* -ENOMEM only. Finish it in any case. */
int judgement_make(struct ruleset *set, const struct mention *m, struct judgement *ret);
void judgement_finish(struct judgement *j);

/* Fills negated and boost. */
void windows_apply(const struct ruleset *set, struct judgement *j);
/* The class that a negated hit speaks for, or CLASS_NONE. */
enum mention_class windows_flip(enum mention_class class);

/* Fills held_by and counts, for rules that need no others. */
void guards_apply(const struct ruleset *set, struct judgement *j);
/* The same for those that do. */
void needs_apply(const struct ruleset *set, struct judgement *j);
/* One hit: is it held back, and does its rule count by it? */
void hit_decide(const struct ruleset *set, struct judgement *j, struct judged_hit *hit);

/* "guard past was seen in its sentence": why a hit that is held back is. */
void judged_hit_reason(const struct ruleset *set, const struct judged_hit *hit, char *ret_text,
                       size_t size);

#endif

/* Rule packs and the judge. A ruleset is immutable once loaded: reload builds a new one and
 * swaps the pointer, so a mention is always judged by one whole set. The matcher behind it
 * (daemon/rules/matcher.h) only finds which rules hit where; scores, guards, thresholds and
 * captures are the classifier's. */
#ifndef MENTIOND_RULES_H
#define MENTIOND_RULES_H

#include "mentiond/config.h"
#include "mentiond/mention.h"

#define RULES_MAX 20000
#define RULES_FILES_MAX 1000

enum rule_engine { RULE_ENGINE_FAST, RULE_ENGINE_REFERENCE };

struct ruleset;

/* Loads packs: each path is a YAML file, or a folder whose *.yaml are all taken, in name
 * order, and then those of the folders in it. Packs that a pack includes come before it. All errors
 * of all packs go to `d`; then NULL. The caller owns one reference. */
struct ruleset *ruleset_load(const struct str *paths, size_t n_paths, enum rule_engine engine,
                             struct diag *d);
/* The same from memory: one pack, which messages call `path` and which may not include others. */
struct ruleset *ruleset_parse(const char *path, struct str text, enum rule_engine engine,
                              struct diag *d);
/* Drops what only tests, lint and messages need, about half of the memory: from now on the set only
 * judges and explains, and ruleset_run_tests() and ruleset_lint() find nothing. */
void ruleset_settle(struct ruleset *set);
/* Drops, once in RULESET_REST_MS, what is compiled of phrases and regexes that no post has needed since;
 * and, when a settled set has judged nothing for RULESET_QUIET_MS, the matcher's tables, and packs the
 * sources of patterns. What is needed again is made again, within some ms. What ruleset_cost() tells
 * begins anew with the tables. To be called each second or so, by brands that share a set too. True if
 * memory became free. */
#define RULESET_REST_MS (60 * 1000)
#define RULESET_QUIET_MS (30 * 1000)
bool ruleset_rest(struct ruleset *set, int64_t now_ms);
struct ruleset *ruleset_ref(struct ruleset *set);
void ruleset_unref(struct ruleset *set);

size_t ruleset_count(const struct ruleset *set);

/* What a rule is, for lists. Text is borrowed from the set. */
struct rule_info {
    struct str name;          /* "pack/id" */
    struct str lang;          /* empty: judges every mention */
    enum mention_class class; /* CLASS_NONE: gives a signal, or only captures */
    unsigned signal;          /* one enum mention_signal bit, or 0 */
    int score;                /* what it adds to its class */
    const int *scores;        /* to each class, by enum mention_class */
    int priority;
    bool experimental;
    bool disabled; /* by an override: it never hits */
    struct str owner, since, note;
};

/* The rule at `index`, below ruleset_count(), in the order of the files. */
struct rule_info ruleset_rule(const struct ruleset *set, size_t index);

/* Runs the tests inside the packs; each failure is an error at the test's mark in `d`, each todo
 * that passes a warning. Returns how many tests ran, todos among them. */
size_t ruleset_run_tests(struct ruleset *set, struct diag *d);

/* What is not wrong, but should be mended: rules without tests, phrases that stand there twice or
 * that others make needless, regexes that may be slow or run on every post, languages that nobody
 * speaks. Each is a warning in `d`, at its place, that names its kind: "rules.x (duplicate): …".
 * Returns how many. */
size_t ruleset_lint(const struct ruleset *set, struct diag *d);

/* Rules that `why` has something to say about are findings as well, of the kind "never-fired": its text,
 * NUL-terminated, goes to ret_why; false: nothing. Disabled rules are not asked about. */
typedef bool rule_silent_fn(void *user, struct str rule, char *ret_why, size_t size);
size_t ruleset_lint_silent(const struct ruleset *set, rule_silent_fn *why, void *user, struct diag *d);

/* Judges m->text in m->lang: fills class, score, scores, signals, hits and captures of `m`,
 * and place from a capture of that name if it was empty. Packs with a language judge mentions
 * in it (en: also en-GB) and those whose language is "und". Captured values come from the
 * arena; rule and capture names are borrowed from the set (which must outlive the mention, or
 * be ref'd). One thread at a time for one set. Errors: -ENOMEM only; a regex that reaches its
 * limit is "no hit, limited" and counted. */
int ruleset_judge(struct ruleset *set, struct mention *m, struct arena *arena, struct error *err);

/* The same judging, told to people: normalised text, each hit with its words, guards that held
 * back, scores, thresholds, verdict. Appended to `out`. */
int ruleset_explain(struct ruleset *set, const struct mention *m, struct buf *out,
                    struct error *err);

/* How often regexes reached their limit since loading, all rules together. */
uint64_t ruleset_limited(const struct ruleset *set);

/* What a rule (by its number, below ruleset_count()) has cost and found since loading; names are
 * borrowed. */
struct rule_cost {
    struct str rule;
    uint64_t runs, hits, limited; /* of its regexes; phrases of words alone hit without a run */
    uint64_t ns;                  /* in those runs */
};
struct rule_cost ruleset_cost(const struct ruleset *set, size_t rule);

/* What became of a rule since the last ruleset_take_uses(): it fired (counted in a verdict of
 * ruleset_judge()), or its phrases and regexes reached their limit so often. A guard is "<pack>/unless
 * <guard>". Borrowed for the call. */
struct rule_use {
    struct str name;
    bool fired;
    uint64_t limited;
};
typedef void rule_use_fn(void *user, const struct rule_use *use);
/* Only of rules with anything to tell; a rule may be told of several times. */
void ruleset_take_uses(struct ruleset *set, rule_use_fn *use, void *user);

/* Phrases and regexes, also of guards, that are run on every post, because no part of them must be
 * in it; ruleset_lint() names them. */
size_t ruleset_unfiltered(const struct ruleset *set);

/* ---- which posts are about a brand ---------------------------------------------------------- */

/* Terms of brands ("acme", "@acme", "#acme", "acme corp"): word-bounded, normalised as phrases
 * are. */
struct term_set;
int term_set_create(const struct str *terms, size_t n_terms, struct term_set **ret,
                    struct error *err);
void term_set_destroy(struct term_set *set);
bool term_set_match(const struct term_set *set, struct str text);

#endif

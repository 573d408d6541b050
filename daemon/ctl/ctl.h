/* mentionctl from the inside: what a verb is, what it is given, how it answers. One file a group of
 * verbs; a new verb is a const struct there and a line in verbs.c. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "args.h"
#include "out.h"

/* Documented in --help and mentionctl(1); scripts rely on them. */
enum exit_code {
    CTL_DONE = 0,
    CTL_FAILED = 1,
    CTL_USAGE = 2,
    CTL_NOTHING = 3, /* nothing to claim */
    CTL_HELD = 4,    /* held by another agent */
    CTL_INTERRUPTED = 130,
};

/* Options that every verb takes. */
struct common {
    struct str config, brand, as, color;
    bool json, verbose, help, version;
};

struct session;

struct ctl {
    struct common common;
    const struct verb *verb;
    struct words words;
    struct out out;
    struct session *session; /* owned; NULL until a verb opened it */
};

struct verb {
    const char *name;  /* "claim", "rules test" */
    const char *group; /* heading in --help; verbs of a group stand together */
    const char *words; /* what follows the name: "[ID]" */
    size_t min_words, max_words;
    const struct arg *args; /* may be NULL */
    size_t args_size;       /* of the struct they fill; at most VERB_ARGS_MAX */
    const char *summary;    /* one line without full stop */
    const char *help;       /* paragraphs of whole sentences, lines up to 78 columns; may be NULL */
    /* Called once, with zeroed and then filled args. */
    enum exit_code (*run)(struct ctl *ctl, const void *args);
};

#define VERB_ARGS_MAX 4096

extern const struct verb *const ctl_verbs[]; /* NULL-terminated, by groups */
extern const struct arg common_args[];

extern const struct verb verb_claim, verb_show, verb_mine;
extern const struct verb verb_renew, verb_release, verb_resolve, verb_dismiss, verb_reopen,
    verb_snooze;
extern const struct verb verb_assign, verb_escalate, verb_reclassify;
extern const struct verb verb_queue, verb_watch, verb_sources;
extern const struct verb verb_sources_poll, verb_sources_pause, verb_sources_resume;
extern const struct verb verb_help;
extern const struct verb verb_rules_test, verb_rules_explain, verb_rules_classify, verb_rules_list;
extern const struct verb verb_rules_fmt, verb_rules_lint, verb_rules_backtest, verb_rules_suggest,
    verb_rules_stats;
extern const struct verb verb_outages, verb_outages_show, verb_outages_explain, verb_outages_ack,
    verb_outages_resolve, verb_outages_confirm, verb_outages_reject, verb_outages_missed,
    verb_outages_guards, verb_outages_guards_remove, verb_outages_maintenance,
    verb_outages_maintenance_add, verb_outages_maintenance_remove, verb_outages_simulate;

extern const struct verb verb_alerts_list, verb_alerts_test, verb_alerts_routes_test, verb_silence_add,
    verb_silence_list, verb_silence_remove;

/* The n-th word after the verb; s NULL when there is none. */
static inline struct str ctl_word(const struct ctl *ctl, size_t n)
{
    return str_from(n < ctl->words.n ? ctl->words.items[n] : NULL);
}

/* Says on standard error what went wrong (made harmless for terminals) and what the exit code is.
 */
enum exit_code ctl_fail(const struct ctl *ctl, const struct error *err);
enum exit_code ctl_usage(const struct ctl *ctl, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ctl_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Flushes what was printed: `code`, or CTL_FAILED when that was not possible. */
enum exit_code ctl_finish(struct ctl *ctl, enum exit_code code);

/* The verb that the words begin with; returns how many words that took, or -EINVAL saying what was
 * probably meant. */
int verb_find(const char *const *words, size_t n_words, const struct verb **ret_verb,
              struct error *err);

/* The configuration; what is wrong with it is printed to standard error. The caller owns it. */
struct settings;
struct brand_settings;
int ctl_load_settings(const char *path, struct settings **ret, struct error *err);
/* -EINVAL, saying what was probably meant or which there are. Borrowed from the settings. */
int ctl_find_brand(const struct settings *settings, struct str name,
                   const struct brand_settings **ret, struct error *err);

/* Who acts; "" before a session is open. */
const char *ctl_agent(const struct ctl *ctl);

/* help.c */
void help_print(struct out *out);
void help_print_verb(const struct verb *verb, struct out *out);

#endif

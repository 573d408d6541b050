/* The table of verbs: dispatch, help, "did you mean" and the manual page all come from it. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"

/* clang-format off */
const struct verb *const ctl_verbs[] = {
    &verb_claim, &verb_show, &verb_mine, &verb_renew, &verb_release,
    &verb_resolve, &verb_dismiss, &verb_reopen, &verb_snooze,
    &verb_assign, &verb_escalate, &verb_reclassify,
    &verb_queue, &verb_watch,
    &verb_sources_poll, &verb_sources_pause, &verb_sources_resume, &verb_sources,
    &verb_rules_test, &verb_rules_explain, &verb_rules_classify, &verb_rules_list,
    &verb_rules_lint, &verb_rules_fmt,
    &verb_rules_backtest, &verb_rules_suggest, &verb_rules_stats,
    &verb_outages_show, &verb_outages_explain, &verb_outages_ack, &verb_outages_resolve,
    &verb_outages_confirm, &verb_outages_reject, &verb_outages_missed,
    &verb_outages_guards_remove, &verb_outages_guards,
    &verb_outages_maintenance_add, &verb_outages_maintenance_remove, &verb_outages_maintenance,
    &verb_outages_simulate, &verb_outages,
    &verb_alerts_list, &verb_alerts_test, &verb_alerts_routes_test,
    &verb_silence_add, &verb_silence_list, &verb_silence_remove,
    &verb_help,
    NULL,
};
/* clang-format on */

static const char *const color_choices[] = {"auto", "always", "never", NULL};

const struct arg common_args[] = {
    {"config", 'c', ARG_TEXT, offsetof(struct common, config), "FILE", NULL,
     "The configuration; else $MENTIOND_CONFIG, ./config.yaml, /etc/mentiond/config.yaml"},
    {"brand", 'b', ARG_TEXT, offsetof(struct common, brand), "NAME", NULL,
     "The brand, where the configuration has several"},
    {"as", 0, ARG_TEXT, offsetof(struct common, as), "NAME", NULL,
     "The agent who acts; else $MENTION_AGENT, else your login name"},
    {"json", 'j', ARG_FLAG, offsetof(struct common, json), NULL, NULL,
     "Print one JSON value (or one a line where the answer streams) instead of words"},
    {"color", 0, ARG_CHOICE, offsetof(struct common, color), "WHEN", color_choices,
     "When to use colours and mark hits (auto: on a terminal, without $NO_COLOR)"},
    {"verbose", 'v', ARG_FLAG, offsetof(struct common, verbose), NULL, NULL, "Say more"},
    {"help", 'h', ARG_FLAG, offsetof(struct common, help), NULL, NULL, "Explain the verb"},
    {"version", 'V', ARG_FLAG, offsetof(struct common, version), NULL, NULL, "Print the version"},
    {0},
};

#define VERBS_MAX 63

/* How many of the words are the verb's name: 0 if they are not. */
static size_t verb_match(const struct verb *verb, const char *const *words, size_t n_words)
{
    struct str rest = str_from(verb->name);
    size_t n = 0;

    while (rest.len > 0) {
        struct str part = str_split(rest, ' ', &rest);

        if (n == n_words || !str_eq(part, str_from(words[n])))
            return 0;
        n++;
    }
    return n;
}

/* "rules" alone: which verbs begin with it. */
static int refuse_half(const char *word, struct error *err)
{
    struct str prefix = str_from(word);
    char all[256] = "";
    size_t len = 0;

    for (const struct verb *const *verb = ctl_verbs; *verb; verb++) {
        struct str name = str_from((*verb)->name);

        if (!str_starts_with(name, prefix) || name.s[prefix.len] != ' ' || len + 64 > sizeof(all))
            continue;
        len +=
            (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "", (*verb)->name);
    }
    return len ? error_set(err, -EINVAL, "'%s' is half a verb; there are: %s", word, all) : 0;
}

int verb_find(const char *const *words, size_t n_words, const struct verb **ret_verb,
              struct error *err)
{
    const char *names[VERBS_MAX + 1] = {NULL};
    const char *near;
    char both[128];
    size_t n = 0;
    int r;

    for (const struct verb *const *verb = ctl_verbs; *verb; verb++) {
        size_t used = verb_match(*verb, words, n_words);

        if (used) {
            *ret_verb = *verb;
            return (int)used;
        }
        if (n < VERBS_MAX)
            names[n++] = (*verb)->name;
    }
    snprintf(both, sizeof(both), "%s%s%s", words[0], n_words > 1 ? " " : "",
             n_words > 1 ? words[1] : "");
    near = str_nearest(str_from(both), names, sizeof(names[0]));
    if (near)
        return error_set(err, -EINVAL, "there is no verb '%s' (did you mean '%s'?)", both, near);
    near = str_nearest(str_from(words[0]), names, sizeof(names[0]));
    if (near)
        return error_set(err, -EINVAL, "there is no verb '%s' (did you mean '%s'?)", words[0],
                         near);
    r = refuse_half(words[0], err);
    return r < 0 ? r : error_set(err, -EINVAL, "there is no verb '%s'", words[0]);
}

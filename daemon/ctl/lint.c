/* `rules lint`: what works but should be mended. The findings are the rule engine's; here they are
 * only printed, and turned into an exit code that scripts can rely on. No Redis, no network. */
#include <stdio.h>

#include "ctl.h"
#include "packs.h"

static void print_json(struct ctl *ctl, const struct ruleset *set, const struct diag *d,
                       size_t n_findings)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_printf(&json, "{\"rules\":%zu,\"findings\":%zu,\"errors\":", set ? ruleset_count(set) : 0,
               n_findings);
    packs_print_messages(d, false, &json);
    buf_append_str(&json, STR(",\"warnings\":"));
    packs_print_messages(d, true, &json);
    buf_append_char(&json, '}');
    out_json(&ctl->out, buf_str(&json));
}

static void print_words(struct ctl *ctl, const struct ruleset *set, const struct diag *d,
                        size_t n_findings)
{
    if (d->n_items > 0)
        diag_print(d, "rules", stderr);
    if (!set)
        return;
    out_printf(&ctl->out, "%zu rule%s, ", ruleset_count(set), ruleset_count(set) == 1 ? "" : "s");
    if (n_findings == 0)
        out_printf(&ctl->out, "nothing to mend\n");
    else
        out_printf(&ctl->out, "%zu finding%s\n", n_findings, n_findings == 1 ? "" : "s");
}

static enum exit_code run_lint(struct ctl *ctl, const void *opaque)
{
    CLEANUP(packs_finish) struct packs packs;
    CLEANUP(diag_finish) struct diag d;
    struct ruleset *set;
    size_t n_findings;
    struct error err;

    (void)opaque;
    packs_init(&packs);
    diag_init(&d);
    if (packs_of_words(&packs, ctl, &err) < 0)
        return ctl_fail(ctl, &err);
    set = ruleset_load(packs.paths, packs.n, RULE_ENGINE_FAST, &d);
    if (set)
        ruleset_lint(set, &d);
    n_findings = d.n_errors + d.n_warnings;
    if (ctl->common.json)
        print_json(ctl, set, &d, n_findings);
    else
        print_words(ctl, set, &d, n_findings);
    ruleset_unref(set);
    return set && n_findings == 0 ? CTL_DONE : CTL_FAILED;
}

const struct verb verb_rules_lint = {
    .name = "rules lint",
    .group = RULES_GROUP,
    .words = "[PATH...]",
    .max_words = WORDS_MAX,
    .summary = "Name what works in rule packs but should be mended",
    .help = "PATH is a pack or a folder of packs; without one, the packs of the configuration.\n"
            "Rules without tests, phrases that stand there twice or that others make needless,\n"
            "regexes that may be slow, languages that nobody speaks: each with file, line and\n"
            "column. The exit code is 0 when there is nothing to mend, else 1.",
    .run = run_lint,
};

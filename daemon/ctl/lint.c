/* `rules lint`: what works but should be mended. The findings are the rule engine's; here they are
 * only printed, and turned into an exit code that scripts can rely on. No Redis, no network, but for
 * --fired: which rules have done nothing for long is known there only. */
#include <stdio.h>

#include "ctl.h"
#include "mentiond/clock.h"
#include "packs.h"
#include "session.h"
#include "uses.h"

#define SILENT_DAYS 30
#define DAY_MS (24 * 60 * 60 * (int64_t)1000)

struct lint_args {
    bool fired;
};

struct silence {
    struct uses uses;
    int64_t now_ms;
    size_t n_young; /* rules that daemons have not known for long enough */
};

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

static bool is_silent(void *user, struct str rule, char *ret_why, size_t size)
{
    struct silence *x = user;
    int64_t known_ms = uses_number(x->uses.known, rule), fired_ms = uses_number(x->uses.fired, rule);

    if (known_ms == 0 || x->now_ms - known_ms < SILENT_DAYS * DAY_MS) {
        x->n_young++;
        return false;
    }
    if (x->now_ms - fired_ms < SILENT_DAYS * DAY_MS)
        return false;
    if (fired_ms > 0)
        snprintf(ret_why, size, "has counted in no verdict for %lld days",
                 (long long)((x->now_ms - fired_ms) / DAY_MS));
    else
        snprintf(ret_why, size, "has counted in no verdict since it was first loaded, %lld days ago",
                 (long long)((x->now_ms - known_ms) / DAY_MS));
    return true;
}

static enum exit_code lint_fired(struct ctl *ctl, const struct ruleset *set, struct diag *d)
{
    struct silence x = {.now_ms = clock_now_ms()};
    enum exit_code code = ctl_open(ctl);
    struct error err;

    if (code == CTL_DONE && uses_fetch(&x.uses, ctl, &err) < 0)
        code = ctl_fail(ctl, &err);
    if (code == CTL_DONE)
        ruleset_lint_silent(set, is_silent, &x, d);
    if (x.n_young > 0)
        ctl_note("%zu rule%s been loaded for less than %d days: nothing is said of %s", x.n_young,
                 x.n_young == 1 ? " has" : "s have", SILENT_DAYS, x.n_young == 1 ? "it" : "them");
    uses_finish(&x.uses);
    return code;
}

static enum exit_code run_lint(struct ctl *ctl, const void *opaque)
{
    const struct lint_args *args = opaque;
    enum exit_code code = CTL_DONE;
    CLEANUP(packs_finish) struct packs packs;
    CLEANUP(diag_finish) struct diag d;
    struct ruleset *set;
    size_t n_findings;
    struct error err;

    packs_init(&packs);
    diag_init(&d);
    if (packs_of_words(&packs, ctl, &err) < 0)
        return ctl_fail(ctl, &err);
    set = ruleset_load(packs.paths, packs.n, RULE_ENGINE_FAST, &d);
    if (set)
        ruleset_lint(set, &d);
    if (set && args->fired)
        code = lint_fired(ctl, set, &d);
    n_findings = d.n_errors + d.n_warnings;
    if (ctl->common.json)
        print_json(ctl, set, &d, n_findings);
    else
        print_words(ctl, set, &d, n_findings);
    ruleset_unref(set);
    if (code != CTL_DONE)
        return code;
    return set && n_findings == 0 ? CTL_DONE : CTL_FAILED;
}

static const struct arg lint_args[] = {
    {"fired", 'f', ARG_FLAG, offsetof(struct lint_args, fired), NULL, NULL,
     "Also name rules that counted in no verdict of any daemon for 30 days (asks Redis)"},
    {0},
};

const struct verb verb_rules_lint = {
    .name = "rules lint",
    .group = RULES_GROUP,
    .words = "[PATH...]",
    .max_words = WORDS_MAX,
    .args = lint_args,
    .args_size = sizeof(struct lint_args),
    .summary = "Name what works in rule packs but should be mended",
    .help = "PATH is a pack or a folder of packs; without one, the packs of the configuration.\n"
            "Rules without tests, phrases that stand there twice or that others make needless,\n"
            "regexes that may be slow, languages that nobody speaks, with --fired rules that\n"
            "did nothing for 30 days: each with file, line and column. The exit code\n"
            "is 0 when there is nothing to mend, else 1.",
    .run = run_lint,
};

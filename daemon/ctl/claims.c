/* `claim`, `mine`, `show`: getting work and looking at it. */
#include <errno.h>
#include <stdio.h>

#include "ask.h"
#include "held.h"
#include "outage_view.h"
#include "mentiond/clock.h"
#include "stream.h"
#include "table.h"
#include "view.h"
#include "when.h"

#define GROUP "Working"
#define RETRY_MS 15000 /* what no event announces is found at the latest after this */

/* ---- claim ---------------------------------------------------------------------------------- */

struct claim_args {
    struct str case_name, outage;
    struct list_arg classes, langs, networks;
    struct span_arg wait, lease;
};

static enum exit_code claim_once(struct ctl *ctl, const struct claim_args *args, struct ask *ask)
{
    enum exit_code code = ask_begin(ask, ctl, "mention_claim", ASK_CHANGE);

    if (code != CTL_DONE)
        return code;
    if (ctl->words.n) {
        ask->what = str_from(ctl->words.items[0]);
        ask_text(ask, "id", ask->what);
    }
    ask_text(ask, "case", args->case_name);
    ask_text(ask, "outage", args->outage);
    ask_list(ask, "classes", &args->classes);
    ask_list(ask, "langs", &args->langs);
    ask_list(ask, "networks", &args->networks);
    if (args->lease.given)
        ask_i64(ask, "lease", args->lease.ms);
    code = ask_send(ask, ASK_CHANGE);
    return code == CTL_DONE && !ask->value ? CTL_NOTHING : code;
}

/* Until something happened in the brand, a while has passed, or the deadline. */
static int wait_for_news(struct stream *stream, int64_t deadline_ms, struct error *err)
{
    int64_t until_ms = clock_monotonic_ms() + RETRY_MS;
    uint64_t known = stream->n_entries;
    int r = 0;

    while (r == 0 && stream->n_entries == known && !stream->session->interrupted) {
        int64_t now_ms = clock_monotonic_ms();

        if (now_ms >= until_ms || now_ms >= deadline_ms)
            break;
        r = stream_read(stream, deadline_ms - now_ms, err);
    }
    return r;
}

/* The stream's end is found before the first claim, so nothing slips in between. */
static enum exit_code claim_waiting(struct ctl *ctl, const struct claim_args *args, struct ask *ask)
{
    int64_t deadline_ms = args->wait.ms < 0 ? INT64_MAX : clock_monotonic_ms() + args->wait.ms;
    struct stream *stream;
    enum exit_code code;
    struct error err;

    code = ctl_open(ctl);
    if (code != CTL_DONE)
        return code;
    if (session_catch_interrupt(ctl->session, &err) < 0)
        return ctl_fail(ctl, &err);
    stream = stream_open(ctl->session, NULL, &err);
    if (!stream)
        return ctl_fail(ctl, &err);
    for (;;) {
        code = claim_once(ctl, args, ask);
        if (code != CTL_NOTHING || clock_monotonic_ms() >= deadline_ms)
            return code;
        ask_finish(ask);
        *ask = (struct ask){0};
        if (wait_for_news(stream, deadline_ms, &err) < 0)
            return ctl_fail(ctl, &err);
        if (ctl->session->interrupted)
            return CTL_INTERRUPTED;
        out_check_reader(&ctl->out);
    }
}

static enum exit_code run_claim(struct ctl *ctl, const void *opaque)
{
    const struct claim_args *args = opaque;
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code;

    if ((ctl->words.n > 0) + (args->case_name.s != NULL) + (args->outage.s != NULL) > 1)
        return ctl_usage(ctl, "an ID, --case and --outage exclude each other");
    code = args->wait.given ? claim_waiting(ctl, args, &ask) : claim_once(ctl, args, &ask);
    if (code == CTL_NOTHING) {
        if (ctl->common.json)
            out_json(&ctl->out, STR("null"));
        else
            ctl_note("nothing to claim%s", args->wait.given ? " came" : "");
    }
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        out_json(&ctl->out, ask.json);
    else if (json_get(ask.value, "outage"))
        outage_view_claimed(ctl, ask.value);
    else
        view_mention(ctl, ask.value);
    return CTL_DONE;
}

static const char *const class_choices[] = {"outage", "complaint", "praise", "none", NULL};

static const struct arg claim_args[] = {
    {"case", 0, ARG_TEXT, offsetof(struct claim_args, case_name), "CASE", NULL,
     "Claim this conversation"},
    {"outage", 0, ARG_TEXT, offsetof(struct claim_args, outage), "OUTAGE", NULL,
     "Claim this outage with all that waits in it"},
    {"class", 0, ARG_LIST, offsetof(struct claim_args, classes), "CLASS", class_choices,
     "Only this class; may be given again"},
    {"lang", 0, ARG_LIST, offsetof(struct claim_args, langs), "LANG", NULL,
     "Only this language, or 'other'; may be given again"},
    {"network", 0, ARG_LIST, offsetof(struct claim_args, networks), "NETWORK", NULL,
     "Only this network; may be given again"},
    {"wait", 'w', ARG_SPAN, offsetof(struct claim_args, wait), "[SECONDS]", NULL,
     "Wait for something to claim, at most so long; without a value, until there is"},
    {"lease", 0, ARG_SPAN, offsetof(struct claim_args, lease), "TIME", NULL,
     "Hold it so long without a sign of life, instead of the brand's lease"},
    {0},
};

const struct verb verb_claim = {
    .name = "claim",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = claim_args,
    .args_size = sizeof(struct claim_args),
    .summary = "Take the most urgent mention, or the one named",
    .help = "The whole conversation is yours until the lease ends; 'renew' and whatever you do\n"
            "with it prolong that. Exit code 3: there is nothing to claim; 4: somebody else has\n"
            "the one you named.",
    .run = run_claim,
};

/* ---- show ----------------------------------------------------------------------------------- */

static enum exit_code run_show(struct ctl *ctl, const void *opaque)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    char held[MENTION_ID_MAX + 1];
    enum exit_code code;
    struct str id;

    (void)opaque;
    code = held_target(ctl, ctl_word(ctl, 0), HELD_MENTION, held, &id);
    if (code == CTL_DONE)
        code = ask_begin(&ask, ctl, "mention_get", ASK_LOOK);
    if (code != CTL_DONE)
        return code;
    ask.what = id;
    ask_text(&ask, "id", id);
    code = ask_send(&ask, ASK_LOOK);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        out_json(&ctl->out, ask.json);
    else
        view_mention(ctl, ask.value);
    return CTL_DONE;
}

const struct verb verb_show = {
    .name = "show",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .summary = "Show a mention: who, what, why, its conversation, what became of it",
    .run = run_show,
};

/* ---- mine ----------------------------------------------------------------------------------- */

static enum exit_code run_mine(struct ctl *ctl, const void *opaque)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = held_ask(ctl, &ask);

    (void)opaque;
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        held_print_json(ctl, ask.value);
    else
        held_print(ctl, ask.value);
    return CTL_DONE;
}

const struct verb verb_mine = {
    .name = "mine",
    .group = GROUP,
    .words = "",
    .summary = "List what you hold",
    .run = run_mine,
};

/* Calls of the queue's functions for people at a terminal. The queue answers with a word and fields
 * ("HELD by=bob since=1 until=2"); here they become sentences that say what to do next. */
#include "ask.h"

#include <errno.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "when.h"

/* ---- arguments ------------------------------------------------------------------------------ */

static void put_name(struct ask *ask, const char *field)
{
    buf_append_char(&ask->args, ask->args.len > 1 ? ',' : ' ');
    buf_append_json(&ask->args, str_from(field));
    buf_append_char(&ask->args, ':');
}

void ask_text(struct ask *ask, const char *field, struct str value)
{
    if (!value.s)
        return;
    put_name(ask, field);
    buf_append_json(&ask->args, value);
}

void ask_i64(struct ask *ask, const char *field, int64_t value)
{
    put_name(ask, field);
    buf_append_i64(&ask->args, value);
}

void ask_raw(struct ask *ask, const char *field, struct str json)
{
    put_name(ask, field);
    buf_append_str(&ask->args, json);
}

void ask_list(struct ask *ask, const char *field, const struct list_arg *list)
{
    if (list->n == 0)
        return;
    put_name(ask, field);
    for (size_t i = 0; i < list->n; i++) {
        buf_append_char(&ask->args, i ? ',' : '[');
        buf_append_json(&ask->args, list->items[i]);
    }
    buf_append_char(&ask->args, ']');
}

enum exit_code ask_begin(struct ask *ask, struct ctl *ctl, const char *function, enum ask_kind kind)
{
    enum exit_code code;
    char req[33];

    *ask = (struct ask){.ctl = ctl,
                        .function = function,
                        .args = BUF_INIT(ASK_ARGS_MAX),
                        .text = BUF_INIT(ASK_REPLY_MAX)};
    code = ctl_open(ctl);
    if (code != CTL_DONE)
        return code;
    buf_append_char(&ask->args, '{');
    if (kind == ASK_CHANGE) {
        store_make_req(req);
        ask_text(ask, "agent", str_from(ctl->session->agent));
        ask_text(ask, "req", str_from(req));
    }
    return CTL_DONE;
}

void ask_finish(struct ask *ask)
{
    json_decref(ask->value);
    buf_finish(&ask->args);
    buf_finish(&ask->text);
}

/* ---- refusals ------------------------------------------------------------------------------- */

struct refusal {
    const struct ask *ask;
    struct str words; /* the server's */
    int64_t now_ms;
    char name[600]; /* "mastodon:1: " or "" */
};

/* The value of " key=" in the words, or "". */
static struct str refusal_field(const struct refusal *r, const char *key)
{
    struct str rest = r->words;

    while (rest.len > 0) {
        struct str part = str_split(rest, ' ', &rest);
        struct str value, name = str_split(part, '=', &value);

        if (str_eq(name, str_from(key)))
            return value.s ? value : STR("");
    }
    return STR("");
}

static void refusal_clock(const struct refusal *r, const char *key, char ret_text[WHEN_TEXT])
{
    int64_t ms;

    if (str_to_i64(refusal_field(r, key), 1, INT64_MAX, &ms))
        when_clock(ms, r->now_ms, ret_text);
    else
        snprintf(ret_text, WHEN_TEXT, "?");
}

static void say_held(const struct refusal *r, struct error *err)
{
    char since[WHEN_TEXT], until[WHEN_TEXT];

    refusal_clock(r, "since", since);
    refusal_clock(r, "until", until);
    error_set(err, -EBUSY, "%s%.*s has this conversation since %s, until %s", r->name,
              STR_FMT(refusal_field(r, "by")), since, until);
}

static void say_not_owner(const struct refusal *r, struct error *err)
{
    struct str owner = refusal_field(r, "owner");

    if (owner.len)
        error_set(err, -EPERM, "%sthis is %.*s's, not yours (you act as %s)", r->name,
                  STR_FMT(owner), r->ask->ctl->session->agent);
    else
        error_set(err, -EPERM, "%sthis is not yours (you act as %s)", r->name,
                  r->ask->ctl->session->agent);
}

static void say_bad_state(const struct refusal *r, struct error *err)
{
    static const struct {
        const char *state, *sentence;
    } sentences[] = {
        {"queued", "nobody holds it; claim it first"},
        {"claimed", "somebody is working on it"},
        {"resolved", "it has been resolved already ('mentionctl reopen' takes that back)"},
        {"dismissed", "it has been dismissed already ('mentionctl reopen' takes that back)"},
        {"snoozed", "it is snoozed and will come back by itself"},
        {"unknown", "there is none of that name"},
        {"unqueued", "it is not in the queue; 'mentionctl reclassify' makes it work"},
        {"erased", "it has been erased"},
    };
    struct str state = refusal_field(r, "state");

    if (str_ends_with(r->words, STR(" too late"))) {
        error_set(err, -ESTALE, "%sit was %.*s too long ago for you to take that back; a lead can",
                  r->name, STR_FMT(state));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
        if (str_eq(state, str_from(sentences[i].state))) {
            error_set(err, -ESTALE, "%s%s", r->name, sentences[i].sentence);
            return;
        }
    }
    error_set(err, -ESTALE, "%sit is %.*s, which does not allow this", r->name, STR_FMT(state));
}

static void say_too_many(const struct refusal *r, struct error *err)
{
    error_set(err, -EDQUOT,
              "you hold %.*s conversations already; resolve or release one first ('mentionctl "
              "mine' lists "
              "them)",
              STR_FMT(refusal_field(r, "holding")));
}

static void say_no_brand(const struct refusal *r, struct error *err)
{
    const struct session *s = r->ask->ctl->session;

    error_set(err, -ENOENT,
              "the queue on %s does not know brand '%.*s' in namespace '%.*s'; a mentiond with "
              "this brand "
              "must have run once",
              s->where, STR_FMT(s->brand), STR_FMT(s->name_space));
}

static void say_no_mention(const struct refusal *r, struct error *err)
{
    error_set(err, -ENOENT, "%sthere is no such mention of brand '%.*s'", r->name,
              STR_FMT(r->ask->ctl->session->brand));
}

static void say_no_outage(const struct refusal *r, struct error *err)
{
    error_set(err, -ENOENT, "%sthere is no such outage of brand '%.*s' ('mentionctl outages' lists them)",
              r->name, STR_FMT(r->ask->ctl->session->brand));
}

static void say_bad_arg(const struct refusal *r, struct error *err)
{
    size_t wanted = str_find(r->words, STR(" wanted: "));
    struct str rest = wanted == SIZE_MAX ? STR("") : str_slice(r->words, wanted, r->words.len);

    error_set(err, -EINVAL, "%sthe queue refuses '%.*s'%s%.*s", r->name,
              STR_FMT(refusal_field(r, "field")), rest.len ? ":" : "", STR_FMT(rest));
}

static void say_other(const struct refusal *r, struct error *err)
{
    error_set(err, -EPROTO, "%sthe queue answers: %.*s", r->name, STR_FMT(r->words));
}

static const struct {
    enum store_word word;
    enum exit_code code;
    void (*say)(const struct refusal *r, struct error *err);
} refusals[] = {
    {STORE_HELD, CTL_HELD, say_held},
    {STORE_NOTOWNER, CTL_HELD, say_not_owner},
    {STORE_BADSTATE, CTL_FAILED, say_bad_state},
    {STORE_TOOMANY, CTL_FAILED, say_too_many},
    {STORE_NOBRAND, CTL_FAILED, say_no_brand},
    {STORE_NOSUCHMENTION, CTL_FAILED, say_no_mention},
    {STORE_NOSUCHOUTAGE, CTL_FAILED, say_no_outage},
    {STORE_BADARG, CTL_FAILED, say_bad_arg},
};

static void print_refusal(struct ctl *ctl, struct str words, const struct error *err)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(ASK_REPLY_MAX);
    struct str rest;

    buf_append_str(&json, STR("{\"error\":"));
    buf_append_json(&json, words);
    buf_append_str(&json, STR(",\"word\":"));
    buf_append_json(&json, str_split(words, ' ', &rest));
    buf_append_str(&json, STR(",\"message\":"));
    buf_append_json(&json, str_from(err->text));
    buf_append_char(&json, '}');
    out_json(&ctl->out, buf_str(&json));
}

static enum exit_code refuse(const struct ask *ask, const struct store_reply *reply)
{
    struct refusal r = {.ask = ask, .words = reply->error, .now_ms = clock_now_ms()};
    enum exit_code code = CTL_FAILED;
    struct error err;
    size_t i = 0;

    if (ask->what.len)
        snprintf(r.name, sizeof(r.name), "%.*s: ", STR_FMT(ask->what));
    while (i < ARRAY_LEN(refusals) && refusals[i].word != reply->word)
        i++;
    if (i < ARRAY_LEN(refusals)) {
        refusals[i].say(&r, &err);
        code = refusals[i].code;
    } else {
        say_other(&r, &err);
    }
    if (ask->ctl->common.json)
        print_refusal(ask->ctl, reply->error, &err);
    ctl_fail(ask->ctl, &err);
    return code;
}

/* ---- sending -------------------------------------------------------------------------------- */

enum exit_code ask_send(struct ask *ask, enum ask_kind kind)
{
    struct session *s = ask->ctl->session;
    struct store_reply reply;
    struct error err;

    buf_append_char(&ask->args, '}');
    if (ask->args.failed) {
        error_set(&err, -E2BIG, "the arguments are larger than %d KiB", ASK_ARGS_MAX / 1024);
        return ctl_fail(ask->ctl, &err);
    }
    if (store_call_wait(s->store, s->brand, ask->function, buf_str(&ask->args),
                        kind == ASK_LOOK ? STORE_READ : 0, SESSION_CALL_MS, &ask->text, &reply,
                        &err) < 0) {
        error_prefix(&err, err.code, "asking %s", s->where);
        if (kind == ASK_CHANGE)
            ctl_note("no answer came, so it is not known whether it was done; "
                     "'mentionctl mine' tells");
        return ctl_fail(ask->ctl, &err);
    }
    if (reply.word != STORE_OK)
        return refuse(ask, &reply);
    ask->json = reply.is_null ? STR("") : reply.text;
    if (ask->json.len == 0)
        return CTL_DONE;
    if (json_page_parse(ask->json, NULL, &ask->value, &err) < 0) {
        error_prefix(&err, err.code, "reading the answer to %s", ask->function);
        return ctl_fail(ask->ctl, &err);
    }
    return CTL_DONE;
}

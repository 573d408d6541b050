/* Where a teller's position and letters are kept: of a brand in the brand's own slot (alert_open,
 * alert_state, alert_commit), of the daemons' own events with the account `ops` (alerts_get, alerts_set), as
 * two lines: the position, and the outbox's text. */
#include <inttypes.h>

#include "alerter_internal.h"
#include "mentiond/clock.h"

static const char log_module[] = "alerts";

#define ARGS_MAX 1024

static struct store *store_of(const struct teller *t)
{
    return t->alerter->options.store;
}

static void put_lease(struct buf *args, const struct teller *t)
{
    buf_append_str(args, STR("{\"lease\":"));
    buf_append_json(args, str_from(t->lease));
}

/* Text that no alerter wrote is not believed: what is still so will be told anew. */
static void load(struct teller *t, struct str text)
{
    struct error err = {0};

    if (text.len && outbox_load(t->outbox, text, &err) < 0)
        log_warn("stored alerts refused, beginning anew", field_str("brand", t->brand),
                 field_text("error", err.text));
}

/* ---- a brand ------------------------------------------------------------------------------- */

static void on_silences(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;

    if (!reply || reply->word != STORE_OK) {
        teller_fail(t, "silence_list", reply, err);
        return;
    }
    t->seen = t->stored;
    silences_read(t, reply->text);
    teller_follow(t);
}

static void call(struct teller *t, const char *function, struct str args, unsigned flags,
                 store_reply_fn *done)
{
    struct error err = {0};

    if (store_call(store_of(t), t->brand, function, args, flags, done, t, &err) < 0)
        teller_fail(t, function, NULL, &err);
}

static void on_state(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;

    if (!reply || reply->word != STORE_OK) {
        teller_fail(t, "alert_state", reply, err);
        return;
    }
    load(t, reply->text);
    call(t, "silence_list", STR("{}"), STORE_READ, on_silences);
}

static void on_opened(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;
    json_t *value;
    bool has_state;

    if (!reply || reply->word != STORE_OK) {
        teller_fail(t, "alert_open", reply, err);
        return;
    }
    value = json_loadb(reply->text.s, reply->text.len, 0, NULL);
    t->stored = (struct stream_id){0, 0};
    t->first = !stream_id_parse(json_get_text(value, "position"), &t->stored);
    t->n = json_get_i64(value, "n", 0);
    has_state = json_get_i64(value, "bytes", 0) > 0;
    json_decref(value);
    if (has_state)
        call(t, "alert_state", STR("{}"), STORE_READ, on_state);
    else
        call(t, "silence_list", STR("{}"), STORE_READ, on_silences);
}

static int open_brand(struct teller *t, struct error *err)
{
    CLEANUP(buf_finish) struct buf args = BUF_INIT(ARGS_MAX);

    put_lease(&args, t);
    buf_append_char(&args, '}');
    return store_call(store_of(t), t->brand, "alert_open", buf_str(&args), 0, on_opened, t, err);
}

static int commit_brand(struct teller *t, store_reply_fn *done, struct error *err)
{
    char from[STREAM_ID_TEXT], to[STREAM_ID_TEXT];

    stream_id_format(t->stored, from);
    stream_id_format(t->committing_to, to);
    buf_reset(&t->args);
    put_lease(&t->args, t);
    buf_printf(&t->args, ",\"from\":\"%s\",\"to\":\"%s\",\"n\":%" PRId64 "}", from, to, t->n + 1);
    return store_alert_commit(store_of(t), t->brand, buf_str(&t->args), buf_str(&t->text), done, t, err);
}

const struct keeper keeper_brand = {open_brand, commit_brand};

/* ---- the daemons' own ---------------------------------------------------------------------- */

static void on_got(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;
    struct str text;

    if (!reply || reply->word != STORE_OK) {
        teller_fail(t, "alerts_get", reply, err);
        return;
    }
    t->stored = (struct stream_id){0, 0};
    t->first = !stream_id_parse(str_split(reply->text, '\n', &text), &t->stored);
    if (!t->first)
        load(t, text);
    teller_follow(t);
}

static int open_ops(struct teller *t, struct error *err)
{
    return store_call_account(store_of(t), STR("ops"), "alerts_get", STR("{}"), STORE_READ, on_got, t, err);
}

static int commit_ops(struct teller *t, store_reply_fn *done, struct error *err)
{
    CLEANUP(buf_finish) struct buf state = BUF_INIT(OUTBOX_STATE_MAX);
    char to[STREAM_ID_TEXT];

    stream_id_format(t->committing_to, to);
    buf_printf(&state, "%s\n", to);
    buf_append_str(&state, buf_str(&t->text));
    buf_reset(&t->args);
    put_lease(&t->args, t);
    buf_append_str(&t->args, STR(",\"state\":"));
    buf_append_json(&t->args, buf_str(&state));
    buf_append_char(&t->args, '}');
    if (state.failed || t->args.failed)
        return error_oom(err);
    return store_call_account(store_of(t), STR("ops"), "alerts_set", buf_str(&t->args), 0, done, t, err);
}

const struct keeper keeper_ops = {open_ops, commit_ops};

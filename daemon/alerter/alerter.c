/* The alerter as a whole: a teller for each brand and one for the daemons' own events, what they send with,
 * and the end. */
#include <stdio.h>

#include "alerter_internal.h"

static const char log_module[] = "alerts";

#define TICK_MS 1000
#define OPS_STREAM_EVERY_MS 1000

/* ---- channels that fail -------------------------------------------------------------------- */

void alerter_channel(struct alerter *alerter, const struct alert_target *target, const char *said,
                     struct str reason, size_t waiting, int64_t since_ms)
{
    unsigned *failing = &alerter->failing[target - alerter->options.plan->targets->items];
    bool fails = strcmp(said, "channel.failing") == 0;
    char count[24], since[24];
    const struct str pairs[] = {STR("channel"), target->name, STR("reason"), reason,
                                STR("waiting"), {count, 0},   STR("since"),  {since, 0}};
    struct str filled[ARRAY_LEN(pairs)];

    if (fails && (*failing)++ > 0)
        return;
    if (!fails && *failing > 0 && --*failing > 0)
        return;
    memcpy(filled, pairs, sizeof(filled));
    filled[5].len = (size_t)snprintf(count, sizeof(count), "%zu", waiting);
    filled[7].len = (size_t)snprintf(since, sizeof(since), "%lld", (long long)since_ms);
    if (fails)
        log_warn("a channel takes nothing, trying again", field_str("channel", target->name),
                 field_str("reason", reason));
    else
        log_info("a channel works again", field_str("channel", target->name));
    store_ops_event(alerter->options.store, said, filled, ARRAY_LEN(filled) / 2);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void tick_in(struct alerter *alerter, int64_t ms)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(alerter->tick, &wait);
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    struct alerter *alerter = user;

    (void)fd;
    (void)what;
    tick_in(alerter, TICK_MS);
    for (size_t i = 0; alerter->started && i < alerter->n_tellers; i++)
        teller_tick(&alerter->tellers[i]);
    direct_tick(&alerter->direct);
}

static int make_tellers(struct alerter *alerter, struct error *err)
{
    const struct settings *settings = alerter->options.settings;

    alerter->tellers = calloc(settings->n_brands + 1, sizeof(*alerter->tellers));
    if (!alerter->tellers)
        return error_oom(err);
    for (size_t i = 0; i <= settings->n_brands; i++) {
        struct teller *t = &alerter->tellers[alerter->n_tellers++];
        bool is_ops = i == settings->n_brands;

        teller_init(t, alerter, is_ops ? &keeper_ops : &keeper_brand,
                    is_ops ? STR("") : settings->brands[i].name);
        if (teller_make(t, err) < 0)
            return err->code;
    }
    return stream_reader_create(alerter->options.base, alerter->options.store, STR("@ops"),
                                OPS_STREAM_EVERY_MS, &alerter->ops_stream, err);
}

static int make_mail(struct alerter *alerter, struct error *err)
{
    const struct settings *settings = alerter->options.settings;
    CLEANUP(free_p) char *ca_file = str_dup(settings->http_client.ca_file);

    return mail_client_create(alerter->options.base, settings->http_client.ca_file.len ? ca_file : NULL,
                              &alerter->mail, err);
}

int alerter_create(const struct alerter_options *options, struct alerter **ret, struct error *err)
{
    struct alerter *alerter = calloc(1, sizeof(*alerter));

    if (!alerter)
        return error_oom(err);
    alerter->options = *options;
    alerter->failing = calloc(options->plan->targets->n + 1, sizeof(*alerter->failing));
    alerter->tick = evtimer_new(options->base, on_tick, alerter);
    if (!alerter->failing || !alerter->tick) {
        alerter_destroy(alerter);
        return error_oom(err);
    }
    if (make_mail(alerter, err) < 0 || make_tellers(alerter, err) < 0 ||
        direct_init(&alerter->direct, alerter, err) < 0) {
        alerter_destroy(alerter);
        return err->code;
    }
    alerter->sender = (struct alert_sender){options->base, options->http, alerter->mail};
    tick_in(alerter, TICK_MS);
    *ret = alerter;
    return 0;
}

void alerter_start(struct alerter *alerter)
{
    const struct alerter_options *options = &alerter->options;

    for (size_t i = 0; i < alerter->n_tellers; i++) {
        struct teller *t = &alerter->tellers[i];

        t->stream = t->brand.len ? options->stream(options->user, t->brand) : alerter->ops_stream;
    }
    alerter->started = true;
}

void alerter_destroy(struct alerter *alerter)
{
    if (!alerter)
        return;
    for (size_t i = 0; i < alerter->n_tellers; i++)
        teller_finish(&alerter->tellers[i]);
    if (alerter->direct.teller.alerter)
        teller_finish(&alerter->direct.teller);
    stream_reader_destroy(alerter->ops_stream);
    mail_client_destroy(alerter->mail);
    if (alerter->tick)
        event_free(alerter->tick);
    if (alerter->drain_timer)
        event_free(alerter->drain_timer);
    free(alerter->tellers);
    free(alerter->failing);
    free(alerter);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void on_drain_over(evutil_socket_t fd, short what, void *user)
{
    struct alerter *alerter = user;
    void (*done)(void *) = TAKE(alerter->on_drained);

    (void)fd;
    (void)what;
    if (done)
        done(alerter->drained_user);
}

void alerter_check_drained(struct alerter *alerter)
{
    struct timeval now = {0, 0};

    if (!alerter->draining || !alerter->on_drained || teller_is_busy(&alerter->direct.teller))
        return;
    for (size_t i = 0; i < alerter->n_tellers; i++) {
        if (teller_is_busy(&alerter->tellers[i]))
            return;
    }
    evtimer_add(alerter->drain_timer, &now); /* not from within a teller's own call */
}

void alerter_drain(struct alerter *alerter, int64_t grace_ms, void (*done)(void *user), void *user)
{
    struct timeval grace = {grace_ms / 1000, grace_ms % 1000 * 1000};

    alerter->draining = true;
    alerter->on_drained = done;
    alerter->drained_user = user;
    if (!alerter->drain_timer)
        alerter->drain_timer = evtimer_new(alerter->options.base, on_drain_over, alerter);
    if (!alerter->drain_timer) {
        on_drain_over(-1, 0, alerter);
        return;
    }
    evtimer_add(alerter->drain_timer, &grace);
    for (size_t i = 0; i < alerter->n_tellers; i++)
        teller_drain(&alerter->tellers[i]);
    outgoing_cancel(&alerter->direct.teller, false);
    alerter_check_drained(alerter);
}

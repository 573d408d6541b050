/* Brands at work: what their mentions are judged by, their settings in Redis, and the clock of their queue:
 * of all daemons, the one that holds the brand's lease calls mention_tick each second. */
#include "poller_internal.h"

#include <stdio.h>

#include "mentiond/clock.h"
#include "mentiond/memory.h"

static const char log_module[] = "poller";

#define TICK_MS 1000
#define STREAM_EVERY_MS 1000

static void tick_in(struct poll_brand *brand, int64_t ms)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(brand->tick, &wait);
}

static void on_ticked(void *user, const struct store_reply *reply, const struct error *err)
{
    struct poll_brand *brand = user;
    int64_t next_ms;
    json_t *value;

    (void)err;
    brand->ticking = false;
    if (!reply || brand->poller->draining)
        return;
    if (reply->word == STORE_NOBRAND) {
        brand_configure(brand);
        return;
    }
    value = json_loadb(reply->text.s, reply->text.len, 0, NULL);
    next_ms = json_get_i64(value, "next", INT64_MAX);
    if (json_get_i64(value, "steps", 0) > 0 && next_ms <= clock_now_ms())
        tick_in(brand, 0); /* there was more than one call's share */
    json_decref(value);
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    struct poll_brand *brand = user;

    (void)fd;
    (void)what;
    tick_in(brand, TICK_MS);
    if (ruleset_rest(brand->rules, clock_now_ms()))
        memory_rest();
    if (!brand->configured)
        brand_configure(brand);
    outages_tick(&brand->outages);
    if (brand->ticking || !account_has_lease(&brand->account))
        return;
    brand->ticking = store_call(brand->poller->options.store, brand->settings->name, "mention_tick",
                                STR("{}"), 0, on_ticked, brand, NULL) == 0;
}

static void on_configured(void *user, const struct store_reply *reply, const struct error *err)
{
    struct poll_brand *brand = user;

    if (!reply) {
        brand->configured = false; /* the next tick asks again */
        return;
    }
    if (reply->word != STORE_OK) {
        log_error("brand not configured, its sources will not work",
                  field_str("brand", brand->settings->name), field_str("error", reply->error));
        return;
    }
    if (str_find(reply->text, STR("\"differs\"")) != SIZE_MAX) {
        const struct str pairs[] = {STR("brand"), brand->settings->name};

        log_warn("another daemon has newer settings for this brand, using those",
                 field_str("brand", brand->settings->name));
        store_ops_event(brand->poller->options.store, "config.differs", pairs, 1);
    }
    (void)err;
}

void brand_configure(struct poll_brand *brand)
{
    struct buf args = BUF_INIT(64 * 1024);
    struct error err = {0};

    if (store_configure_args(brand->poller->options.settings, brand->settings, &args) == 0)
        brand->configured = store_call(brand->poller->options.store, brand->settings->name,
                                       "brand_configure", buf_str(&args), 0, on_configured, brand,
                                       &err) == 0;
    buf_finish(&args);
}

static int make_terms(const struct str_list *list, struct term_set **ret, struct error *err)
{
    return list->n ? term_set_create(list->items, list->n, ret, err) : 0;
}

int brand_init(struct poll_brand *brand, struct poller *poller, const struct poller_brand *options,
               struct error *err)
{
    *brand = (struct poll_brand){
        .poller = poller,
        .settings = options->settings,
        .rules = ruleset_ref(options->rules),
        .lens = options->lens,
    };
    if (make_terms(&brand->settings->terms, &brand->terms, err) < 0 ||
        make_terms(&brand->settings->exclude, &brand->exclude, err) < 0)
        return err->code;
    if (asprintf(&brand->account_text, "brand@%.*s", STR_FMT(brand->settings->name)) < 0)
        brand->account_text = NULL;
    brand->tick = evtimer_new(poller->options.base, on_tick, brand);
    if (!brand->account_text || !brand->tick)
        return error_oom(err);
    brand->account_name.name = str_from(brand->account_text);
    if (poller->options.store &&
        stream_reader_create(poller->options.base, poller->options.store, brand->settings->name,
                             STREAM_EVERY_MS, &brand->stream, err) < 0)
        return err->code;
    outages_init(&brand->outages, brand);
    return account_init(&brand->account, poller, &brand->account_name, err);
}

void brand_start(struct poll_brand *brand)
{
    if (!brand->poller->options.store)
        return;
    brand_configure(brand);
    account_start(&brand->account);
    tick_in(brand, TICK_MS);
}

void brand_finish(struct poll_brand *brand)
{
    outages_finish(&brand->outages);
    stream_reader_destroy(brand->stream);
    account_finish(&brand->account);
    if (brand->poller && brand->poller->options.store)
        store_forget(brand->poller->options.store, brand);
    if (brand->tick)
        event_free(brand->tick);
    term_set_destroy(brand->terms);
    term_set_destroy(brand->exclude);
    ruleset_unref(brand->rules);
    free(brand->account_text);
}

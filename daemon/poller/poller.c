/* The poller as a whole: makes accounts, brands and feeds of the settings, starts them spread over time, and stops
 * them in order. */
#include "mentiond/poller.h"

#include <errno.h>

#include "poller_internal.h"

#define START_SPREAD_MS 2000 /* first polls are spread over at least as long */
#define START_APART_MS 10
#define START_SPREAD_MAX_MS 60000

static bool is_wanted(const struct poller_options *options, const struct source *source)
{
    return source->settings->enabled &&
           (!options->only_source || str_eq(source->name, str_from(options->only_source)));
}

static struct poll_account *find_account(struct poller *poller, const struct source_account *source)
{
    for (size_t i = 0; i < poller->n_accounts; i++) {
        if (poller->accounts[i].source == source)
            return &poller->accounts[i];
    }
    return NULL;
}

static struct poll_brand *find_brand(struct poller *poller, struct str name)
{
    for (size_t i = 0; i < poller->n_brands; i++) {
        if (str_eq(poller->brands[i].settings->name, name))
            return &poller->brands[i];
    }
    return NULL;
}

static int make_accounts(struct poller *poller, struct error *err)
{
    const struct source_set *set = poller->options.sources;

    poller->ops_name.name = STR("ops");
    if (poller->options.speaks && poller->options.store &&
        account_init(&poller->ops, poller, &poller->ops_name, err) < 0)
        return err->code;
    poller->accounts = calloc(set->n_accounts + 1, sizeof(*poller->accounts));
    if (!poller->accounts)
        return error_oom(err);
    for (size_t i = 0; i < set->n_accounts; i++) {
        if (account_init(&poller->accounts[poller->n_accounts++], poller, set->accounts[i], err) < 0)
            return err->code;
    }
    return 0;
}

static int make_brands(struct poller *poller, struct error *err)
{
    size_t n = poller->options.settings->n_brands;

    poller->brands = calloc(n + 1, sizeof(*poller->brands));
    if (!poller->brands)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        if (brand_init(&poller->brands[poller->n_brands++], poller, &poller->options.brands[i], err) < 0)
            return err->code;
    }
    return 0;
}

static int make_feeds(struct poller *poller, struct error *err)
{
    const struct source_set *set = poller->options.sources;

    poller->feeds = calloc(set->n_sources + 1, sizeof(*poller->feeds));
    if (!poller->feeds)
        return error_oom(err);
    for (size_t i = 0; i < set->n_sources; i++) {
        struct feed *feed = &poller->feeds[poller->n_feeds];

        if (!is_wanted(&poller->options, &set->sources[i]))
            continue;
        poller->n_feeds++;
        if (feed_init(feed, poller, &set->sources[i], err) < 0)
            return err->code;
        account_add_feed(find_account(poller, set->sources[i].account), feed);
        feed->brand = find_brand(poller, set->sources[i].brand);
        if (inbox_create(feed, err) < 0)
            return err->code;
    }
    if (poller->options.only_source && !poller->n_feeds)
        return error_set(err, -ENOENT, "no enabled source is named '%s'", poller->options.only_source);
    return 0;
}

int poller_create(const struct poller_options *options, struct poller **ret, struct error *err)
{
    struct poller *poller = calloc(1, sizeof(*poller));

    if (!poller)
        return error_oom(err);
    poller->options = *options;
    if (options->store && desk_create(poller, &poller->desk, err) < 0) {
        poller_destroy(poller);
        return err->code;
    }
    if (make_accounts(poller, err) < 0 || make_brands(poller, err) < 0 || make_feeds(poller, err) < 0) {
        poller_destroy(poller);
        return err->code;
    }
    *ret = poller;
    return 0;
}

struct stream_reader *poller_stream(struct poller *poller, struct str brand)
{
    struct poll_brand *found = find_brand(poller, brand);

    return found ? found->stream : NULL;
}

const char *poller_lease(const struct poller *poller, struct str brand)
{
    const struct poll_brand *found = find_brand((struct poller *)poller, brand);
    const struct poll_account *account = found ? &found->account : brand.len == 0 ? &poller->ops : NULL;

    return poller->options.store && account && account->poller && account_has_lease(account) ? account->lease : NULL;
}

/* Spread, so that equal intervals do not meet again at each poll. */
static int64_t start_at_ms(const struct poller *poller, size_t i)
{
    int64_t spread_ms = (int64_t)poller->n_feeds * START_APART_MS;

    if (spread_ms < START_SPREAD_MS)
        spread_ms = START_SPREAD_MS;
    if (spread_ms > START_SPREAD_MAX_MS)
        spread_ms = START_SPREAD_MAX_MS;
    return (int64_t)i * spread_ms / (int64_t)poller->n_feeds;
}

void poller_set_outage(struct poller *poller, struct str brand, bool is_open)
{
    struct poll_brand *found = find_brand(poller, brand);

    if (!found || found->has_outage == is_open)
        return;
    found->has_outage = is_open;
    for (size_t i = 0; is_open && i < poller->n_feeds; i++) {
        if (poller->feeds[i].brand == found)
            feed_hurry(&poller->feeds[i]);
    }
}

void poller_start(struct poller *poller)
{
    for (size_t i = 0; i < poller->n_brands; i++)
        brand_start(&poller->brands[i]);
    for (size_t i = 0; i < poller->n_accounts; i++)
        account_start(&poller->accounts[i]);
    if (poller->ops.timer)
        account_start(&poller->ops);
    if (poller->desk)
        desk_start(poller->desk);
    for (size_t i = 0; i < poller->n_feeds; i++)
        feed_schedule(&poller->feeds[i], start_at_ms(poller, i));
    if (!poller->n_feeds)
        poller_check_finished(poller);
}

void poller_redis_is_back(struct poller *poller)
{
    for (size_t i = 0; i < poller->n_brands; i++)
        poller->brands[i].configured = false; /* the next tick sends the settings again */
    for (size_t i = 0; i < poller->n_feeds; i++)
        feed_reopen(&poller->feeds[i]);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void report_once(struct poller *poller)
{
    unsigned n_failed = 0;

    for (size_t i = 0; i < poller->n_feeds; i++) {
        if (!poller->feeds[i].finished)
            return;
        n_failed += poller->feeds[i].failed;
    }
    if (poller->options.on_finished)
        poller->options.on_finished(poller->options.user, n_failed);
}

static bool is_busy(const struct poller *poller)
{
    for (size_t i = 0; i < poller->n_feeds; i++) {
        if (poller->feeds[i].state != FEED_IDLE)
            return true;
    }
    return false;
}

static void on_drain_over(evutil_socket_t fd, short what, void *user)
{
    struct poller *poller = user;
    void (*done)(void *) = TAKE(poller->on_drained);

    (void)fd;
    (void)what;
    for (size_t i = 0; i < poller->n_feeds; i++)
        feed_abort(&poller->feeds[i]);
    for (size_t i = 0; i < poller->n_accounts; i++)
        account_give_back(&poller->accounts[i]);
    for (size_t i = 0; i < poller->n_brands; i++)
        account_give_back(&poller->brands[i].account);
    account_give_back(&poller->ops);
    if (done)
        done(poller->drained_user);
}

void poller_check_finished(struct poller *poller)
{
    struct timeval now = {0, 0};

    if (poller->draining && poller->on_drained) {
        if (!is_busy(poller))
            evtimer_add(poller->drain_timer, &now); /* not from within a feed's own call */
    } else if (poller->options.once && !poller->draining) {
        report_once(poller);
    }
}

void poller_drain(struct poller *poller, int64_t grace_ms, void (*done)(void *user), void *user)
{
    struct timeval grace = {grace_ms / 1000, grace_ms % 1000 * 1000};

    poller->draining = true;
    poller->on_drained = done;
    poller->drained_user = user;
    if (!poller->drain_timer)
        poller->drain_timer = evtimer_new(poller->options.base, on_drain_over, poller);
    if (!poller->drain_timer) {
        on_drain_over(-1, 0, poller);
        return;
    }
    evtimer_add(poller->drain_timer, &grace);
    for (size_t i = 0; i < poller->n_feeds; i++) {
        if (poller->feeds[i].state == FEED_HELD)
            poller->feeds[i].state = FEED_IDLE; /* what it waits for may be hours away */
    }
    poller_check_finished(poller);
}

void poller_destroy(struct poller *poller)
{
    if (!poller)
        return;
    for (size_t i = 0; i < poller->n_feeds; i++)
        feed_finish_all(&poller->feeds[i]);
    for (size_t i = 0; i < poller->n_brands; i++)
        brand_finish(&poller->brands[i]);
    for (size_t i = 0; i < poller->n_accounts; i++)
        account_finish(&poller->accounts[i]);
    account_finish(&poller->ops);
    desk_destroy(poller->desk);
    if (poller->drain_timer)
        event_free(poller->drain_timer);
    free(poller->feeds);
    free(poller->brands);
    free(poller->accounts);
    free(poller);
}

struct poller_stats poller_stats(const struct poller *poller)
{
    struct poller_stats sum = {0};
    uint64_t *to = (uint64_t *)&sum;

    for (size_t i = 0; i < poller->n_feeds; i++) {
        const uint64_t *from = (const uint64_t *)&poller->feeds[i].stats;

        for (size_t j = 0; j < sizeof(sum) / sizeof(*to); j++)
            to[j] += from[j];
    }
    return sum;
}

/* Accounts at work: the lease that keeps two daemons from spending one budget, the session that outlives a
 * restart, and the turns: how many requests of an account may be under way. What it may spend is
 * account_budget.c's.
 *
 * A lease is asked for every LEASE_RETRY_MS, given for LEASE_TTL_MS, and then renewed every LEASE_RENEW_MS.
 * Whether we may send is decided by our own monotonic clock: a daemon that slept (SIGSTOP, a suspended
 * laptop) finds its lease stale before it sends anything; what it had under way is refused by the store,
 * which compares the whole lease. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

static struct timeval timeval_from_ms(int64_t ms)
{
    return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

static void ask_again_in(struct poll_account *account, int64_t ms)
{
    struct timeval wait = timeval_from_ms(ms);

    evtimer_add(account->timer, &wait);
}

static void wake_feeds(struct poll_account *account)
{
    for (struct feed *feed = account->feeds; feed; feed = feed->next_of_account)
        feed_wake(feed);
}

void account_lost(struct poll_account *account)
{
    if (!account->lease)
        return;
    free(TAKE(account->lease));
    account->session_loaded = false;
    for (struct feed *feed = account->feeds; feed; feed = feed->next_of_account)
        feed_abort(feed);
}

/* ---- session --------------------------------------------------------------------------------- */

static void set_session(struct poll_account *account, struct str session)
{
    buf_reset(&account->session);
    buf_append_str(&account->session, session);
    account->source->session = buf_str(&account->session);
}

static void on_session(void *user, const struct store_reply *reply, const struct error *err)
{
    struct poll_account *account = user;

    (void)err;
    if (!reply || !account->lease) /* asked again with the next renewal */
        return;
    set_session(account, reply->word == STORE_OK ? reply->text : STR(""));
    account->session_loaded = true;
    wake_feeds(account);
}

static void on_spent(void *user, const struct store_reply *reply, const struct error *err)
{
    struct poll_account *account = user;

    (void)err;
    if (reply && reply->word == STORE_OK && account->lease)
        account_take_spent(account, reply->text);
}

/* What was spent first: with the session the account's feeds begin. */
static void load_session(struct poll_account *account)
{
    struct error err;

    store_call_account(account->poller->options.store, account->source->name, "spent_get", STR("{}"),
                       STORE_READ, on_spent, account, &err);
    store_call_account(account->poller->options.store, account->source->name, "session_get", STR("{}"),
                       STORE_READ, on_session, account, &err);
}

void account_keep_session(struct poll_account *account, struct str session)
{
    struct buf args = BUF_INIT(4 * SOURCE_SESSION_MAX);
    struct error err = {0};

    set_session(account, session);
    if (account->poller->options.store && account->lease) {
        buf_append_str(&args, STR("{\"lease\":"));
        buf_append_json(&args, str_from(account->lease));
        buf_append_str(&args, STR(",\"session\":"));
        buf_append_json(&args, session);
        buf_append_char(&args, '}');
        if (store_call_account(account->poller->options.store, account->source->name, "session_set",
                               buf_str(&args), 0, NULL, NULL, &err) < 0)
            log_warn("session not kept, a restart will have to log in again",
                     field_str("account", account->source->name), field_text("error", err.text));
    }
    buf_finish(&args);
}

/* ---- lease ----------------------------------------------------------------------------------- */

static void on_taken(struct poll_account *account, struct str lease)
{
    account->lease = str_dup(lease);
    account->renewed_at_ms = account->asked_at_ms;
    if (account->poller->draining) { /* asked before the end began */
        account_give_back(account);
        return;
    }
    if (log_repeat_over(&account->failing) || account->lease)
        log_debug("lease taken", field_str("account", account->source->name));
    load_session(account);
}

/* A single run does not wait for ever for another daemon to let go. */
static void fail_feeds(struct poll_account *account, struct str why)
{
    struct error err;

    error_set(&err, -EBUSY, "the account is polled by another daemon: %.*s", STR_FMT(why));
    for (struct feed *feed = account->feeds; feed; feed = feed->next_of_account) {
        if (!feed->finished)
            feed_fail(feed, "source not polled", 0, &err);
    }
}

static void on_lease_refused(struct poll_account *account, const struct store_reply *reply)
{
    if (reply->word == STORE_HELD || reply->word == STORE_STALE) {
        if (account->lease)
            log_warn("lease lost to another daemon, stopping its sources",
                     field_str("account", account->source->name));
        account_lost(account);
        if (account->poller->options.once && ++account->refusals > LEASE_REFUSALS_ONCE_MAX)
            fail_feeds(account, reply->error);
    } else if (log_repeat_due(&account->failing)) {
        log_warn("lease not to be had, trying again", field_str("account", account->source->name),
                 field_str("error", reply->error));
    }
}

static void on_lease(void *user, const struct store_reply *reply, const struct error *err)
{
    struct poll_account *account = user;

    account->asking = false;
    if (!reply) {
        if (log_repeat_due(&account->failing))
            log_warn("lease not to be had, trying again", field_str("account", account->source->name),
                     field_text("error", err->text));
        return;
    }
    if (reply->word != STORE_OK)
        on_lease_refused(account, reply);
    else if (!account->lease)
        on_taken(account, reply->text);
    else {
        account->renewed_at_ms = account->asked_at_ms;
        if (!account->session_loaded)
            load_session(account);
        else
            wake_feeds(account);
    }
}

static void ask(struct poll_account *account)
{
    struct buf args = BUF_INIT(1024);
    struct error err = {0};
    const char *function = account->lease ? "lease_renew" : "lease_take";

    if (account->lease) {
        buf_append_str(&args, STR("{\"lease\":"));
        buf_append_json(&args, str_from(account->lease));
    } else {
        buf_append_str(&args, STR("{\"daemon\":"));
        buf_append_json(&args, str_from(account->poller->options.daemon_name));
        buf_append_str(&args, STR(",\"nonce\":"));
        buf_append_json(&args, str_from(account->poller->options.nonce));
    }
    buf_printf(&args, ",\"ttl_ms\":%d}", LEASE_TTL_MS);
    account->asked_at_ms = clock_monotonic_ms();
    account->asking = store_call_account(account->poller->options.store, account->source->name, function,
                                         buf_str(&args), 0, on_lease, account, &err) == 0;
    buf_finish(&args);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct poll_account *account = user;

    (void)fd;
    (void)what;
    if (account->poller->draining)
        return;
    if (account->lease && !account_has_lease(account)) {
        log_warn("lease not renewed in time, stopping its sources",
                 field_str("account", account->source->name));
        account_lost(account);
    }
    if (!account->asking)
        ask(account);
    ask_again_in(account, account->lease ? LEASE_RENEW_MS : LEASE_RETRY_MS);
}

bool account_has_lease(const struct poll_account *account)
{
    if (!account->poller->options.store)
        return true;
    return account->lease && account->session_loaded &&
           clock_monotonic_ms() - account->renewed_at_ms < LEASE_STALE_MS;
}

void account_give_back(struct poll_account *account)
{
    struct buf args = BUF_INIT(512);

    if (!account->lease)
        return;
    account_keep_spent(account);
    buf_append_str(&args, STR("{\"lease\":"));
    buf_append_json(&args, str_from(account->lease));
    buf_append_char(&args, '}');
    store_call_account(account->poller->options.store, account->source->name, "lease_drop",
                       buf_str(&args), 0, NULL, NULL, NULL);
    buf_finish(&args);
    free(TAKE(account->lease));
}

/* ---- turns ----------------------------------------------------------------------------------- */

bool account_enter(struct poll_account *account, struct feed *feed)
{
    unsigned slots = account->source->config ? ACCOUNT_SLOTS : HOST_SLOTS;

    if (feed->has_turn)
        return true;
    if (account->n_turns >= slots)
        return false;
    account->n_turns++;
    feed->has_turn = true;
    return true;
}

/* Who waits longest is woken: the list is walked from where it was left. */
void account_leave(struct poll_account *account, struct feed *feed)
{
    struct feed *next = feed->next_of_account;

    if (!feed->has_turn)
        return;
    feed->has_turn = false;
    account->n_turns--;
    for (size_t i = 0; i < account->n_feeds; i++) {
        next = next ? next : account->feeds;
        if (next->state == FEED_WAITING) {
            feed_schedule(next, 0);
            return;
        }
        next = next->next_of_account;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

int account_init(struct poll_account *account, struct poller *poller, struct source_account *source,
                 struct error *err)
{
    *account = (struct poll_account){.poller = poller, .source = source};
    buf_init(&account->session, SOURCE_SESSION_MAX);
    account_init_quotas(account);
    account->timer = evtimer_new(poller->options.base, on_timer, account);
    return account->timer ? 0 : error_oom(err);
}

void account_add_feed(struct poll_account *account, struct feed *feed)
{
    feed->account = account;
    feed->next_of_account = account->feeds;
    account->feeds = feed;
    account->n_feeds++;
}

void account_start(struct poll_account *account)
{
    if (account->poller->options.store)
        ask_again_in(account, 0);
}

void account_finish(struct poll_account *account)
{
    if (account->poller && account->poller->options.store)
        store_forget(account->poller->options.store, account);
    if (account->timer)
        event_free(account->timer);
    if (account->source)
        account->source->session = (struct str){0};
    buf_finish(&account->session);
    free(account->lease);
}

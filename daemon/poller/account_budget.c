/* What an account may spend, as its feeds see it: may this request go out now, and if not, why not and
 * until when. The arithmetic is budget.c's. What must outlive a reload or a restart (the network's "wait",
 * quotas, budgets that run low) is a small JSON text in Redis, beside the account's session, written by the
 * lease's holder only. */
#include <stdio.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define MICRO_PER_USD INT64_C(1000000)
#define SPENT_TEXT_MAX 8192

/* ---- may it? ----------------------------------------------------------------------------------- */

static int64_t later(int64_t wait_ms, int64_t other_ms, const char **why, const char *other_why)
{
    if (other_ms <= wait_ms)
        return wait_ms;
    *why = other_why;
    return other_ms;
}

static void say_slowed(const struct poll_account *account, struct quota *quota, const char *unit)
{
    int64_t now_ms = clock_now_ms();
    char forecast[32], limit[32];
    int64_t scale = quota->period == QUOTA_MONTH ? MICRO_PER_USD : 1;
    struct str pairs[8];

    if (!quota_note(quota))
        return;
    snprintf(forecast, sizeof(forecast), "%lld", (long long)(quota_forecast(quota, now_ms) / scale));
    snprintf(limit, sizeof(limit), "%lld", (long long)(quota->limit / scale));
    pairs[0] = STR("account");
    pairs[1] = account->source->name;
    pairs[2] = STR("unit");
    pairs[3] = str_from(unit);
    pairs[4] = STR("limit");
    pairs[5] = str_from(limit);
    pairs[6] = STR("forecast");
    pairs[7] = str_from(forecast);
    log_warn("quota would not last, asking less often", field_str("account", account->source->name),
             field_text("unit", unit), field_text("limit", limit), field_text("forecast", forecast));
    if (account->poller->options.store)
        store_ops_event(account->poller->options.store, "budget.slowed", pairs, 4);
}

int64_t account_wait_ms(struct poll_account *account, const struct source_request *request, bool paging,
                        const char **ret_why)
{
    int64_t now_ms = clock_now_ms(), cost = request->cost > 0 ? request->cost : 1;
    const struct budget *budget = budget_of(&account->budgets, request->endpoint, now_ms);
    int64_t day_ms = quota_wait_ms(&account->units, cost, now_ms);
    int64_t month_ms = quota_wait_ms(&account->money, 0, now_ms);
    int64_t wait_ms = budget_wait_ms(budget, cost, paging, now_ms);

    *ret_why = wait_ms > 0 ? "rate limit" : "";
    if (request->kind != REQUEST_HTTP)
        return 0;
    if (day_ms > 0)
        say_slowed(account, &account->units, "units a day");
    if (month_ms > 0)
        say_slowed(account, &account->money, "dollars a month");
    wait_ms = later(wait_ms, day_ms, ret_why, "daily quota");
    return later(wait_ms, month_ms, ret_why, "monthly quota");
}

void account_sent(struct poll_account *account, const struct source_request *request)
{
    int64_t now_ms = clock_now_ms(), cost = request->cost > 0 ? request->cost : 1;

    if (request->kind != REQUEST_HTTP)
        return;
    budget_spend(budget_of(&account->budgets, request->endpoint, now_ms), cost, now_ms);
    if (account->units.limit > 0) {
        quota_spend(&account->units, cost, now_ms);
        account->spent_changed = true;
    }
}

void account_settle(struct poll_account *account, const char *endpoint, int64_t cost,
                    const struct source_budget *told)
{
    int64_t now_ms = clock_now_ms();
    struct budget *budget = budget_of(&account->budgets, endpoint, now_ms);

    budget_settle(budget, cost);
    if (!told)
        return;
    budget_learn(budget, told, now_ms);
    if (budget->limit > 0 && budget->remaining >= 0 && budget->remaining <= budget->limit / 2)
        account->spent_changed = true;
}

void account_spent_money(struct poll_account *account, int64_t micro_usd)
{
    if (micro_usd <= 0)
        return;
    quota_spend(&account->money, micro_usd, clock_now_ms());
    account->spent_changed = true;
}

void account_block(struct poll_account *account, int64_t wait_ms)
{
    int64_t until_ms = clock_now_ms() + wait_ms;

    if (until_ms <= account->blocked_until_ms)
        return;
    account->blocked_until_ms = until_ms;
    account->spent_changed = true;
    account_keep_spent(account);
}

int64_t account_blocked_ms(const struct poll_account *account)
{
    int64_t left_ms = account->blocked_until_ms - clock_now_ms();

    return left_ms > 0 ? left_ms : 0;
}

/* ---- for people -------------------------------------------------------------------------------- */

int64_t account_left(const struct poll_account *account, const char *endpoint, int64_t *ret_limit)
{
    int64_t now_ms = clock_now_ms();

    if (account->units.limit > 0) {
        *ret_limit = account->units.limit;
        return account->units.used < account->units.limit ? account->units.limit - account->units.used : 0;
    }
    for (size_t i = 0; endpoint && i < account->budgets.n; i++) {
        const struct budget *budget = &account->budgets.budgets[i];

        if (strncmp(budget->endpoint, endpoint, BUDGET_NAME_MAX - 1) != 0 || budget->remaining < 0)
            continue;
        *ret_limit = budget->limit;
        return budget->reset_at_ms <= now_ms && budget->limit > 0 ? budget->limit : budget->remaining;
    }
    *ret_limit = -1;
    return -1;
}

/* ---- kept in Redis ----------------------------------------------------------------------------- */

static void append_quota(struct buf *out, const char *name, const struct quota *quota)
{
    if (quota->to_ms > 0)
        buf_printf(out, ",\"%s\":{\"from\":%lld,\"to\":%lld,\"used\":%lld,\"typical\":%lld}", name,
                   (long long)quota->from_ms, (long long)quota->to_ms, (long long)quota->used,
                   (long long)quota->typical);
}

static void append_spent(struct buf *out, const struct poll_account *account)
{
    buf_printf(out, "{\"blocked_until\":%lld", (long long)account->blocked_until_ms);
    append_quota(out, "day", &account->units);
    append_quota(out, "month", &account->money);
    buf_append_str(out, STR(",\"budgets\":{"));
    for (size_t i = 0; i < account->budgets.n; i++) {
        const struct budget *budget = &account->budgets.budgets[i];

        buf_append_str(out, i ? STR(",") : STR(""));
        buf_append_json(out, str_from(budget->endpoint));
        buf_printf(out, ":{\"limit\":%lld,\"remaining\":%lld,\"reset_at\":%lld}", (long long)budget->limit,
                   (long long)budget->remaining, (long long)budget->reset_at_ms);
    }
    buf_append_str(out, STR("}}"));
}

void account_keep_spent(struct poll_account *account)
{
    struct buf text = BUF_INIT(SPENT_TEXT_MAX), args = BUF_INIT(4 * SPENT_TEXT_MAX);
    struct store *store = account->poller->options.store;

    if (!account->spent_changed || !store || !account->lease)
        return;
    account->spent_changed = false;
    append_spent(&text, account);
    buf_append_str(&args, STR("{\"lease\":"));
    buf_append_json(&args, str_from(account->lease));
    buf_append_str(&args, STR(",\"spent\":"));
    buf_append_json(&args, buf_str(&text));
    buf_append_char(&args, '}');
    if (!text.failed && !args.failed)
        store_call_account(store, account->source->name, "spent_set", buf_str(&args), 0, NULL, NULL, NULL);
    buf_finish(&args);
    buf_finish(&text);
}

static void take_quota(const json_t *value, struct quota *quota)
{
    if (!value)
        return;
    quota->from_ms = json_get_i64(value, "from", 0);
    quota->to_ms = json_get_i64(value, "to", 0);
    quota->used = json_get_i64(value, "used", 0);
    quota->typical = json_get_i64(value, "typical", 0);
}

void account_take_spent(struct poll_account *account, struct str text)
{
    json_t *value = text.len ? json_loadb(text.s, text.len, 0, NULL) : NULL;
    json_t *budgets = json_object_get(value, "budgets"), *one;
    int64_t now_ms = clock_now_ms(), until_ms = json_get_i64(value, "blocked_until", 0);
    const char *endpoint;

    if (until_ms > account->blocked_until_ms && until_ms <= now_ms + ACCOUNT_BLOCK_MAX_MS)
        account->blocked_until_ms = until_ms;
    take_quota(json_get(value, "day"), &account->units);
    take_quota(json_get(value, "month"), &account->money);
    json_object_foreach(budgets, endpoint, one) {
        struct budget *budget = budget_of(&account->budgets, endpoint, now_ms);

        budget->limit = json_get_i64(one, "limit", -1);
        budget->remaining = json_get_i64(one, "remaining", -1);
        budget->reset_at_ms = json_get_i64(one, "reset_at", 0);
    }
    json_decref(value);
}

void account_init_quotas(struct poll_account *account)
{
    const struct account_settings *settings = account->source->settings;

    account->units = (struct quota){.period = QUOTA_DAY};
    account->money = (struct quota){.period = QUOTA_MONTH};
    if (!settings)
        return;
    account->units.limit = settings->units_per_day;
    account->units.starts_ms = settings->day_starts_ms;
    account->money.limit = settings->usd_per_month * MICRO_PER_USD;
}

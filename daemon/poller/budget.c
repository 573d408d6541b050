/* Token buckets as networks fill them, the headers by which they tell, and quotas of our own. Arithmetic
 * only: who waits for what is account.c's. */
#include "budget.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define PAGING_SHARE 5 /* a fifth of the limit is kept for paging */
#define QUOTA_HEAD 0.05 /* of the limit may be spent at once */
#define QUOTA_TAIL 0.97 /* of the period: all may have been spent */

/* ---- budgets ----------------------------------------------------------------------------------- */

static struct budget *find(struct budget_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->budgets[i].endpoint, name) == 0)
            return &set->budgets[i];
    }
    return NULL;
}

static struct budget *oldest(struct budget_set *set)
{
    struct budget *found = &set->budgets[0];

    for (size_t i = 1; i < set->n; i++) {
        if (set->budgets[i].used_at_ms < found->used_at_ms)
            found = &set->budgets[i];
    }
    return found;
}

struct budget *budget_of(struct budget_set *set, const char *endpoint, int64_t now_ms)
{
    char name[BUDGET_NAME_MAX];
    struct budget *budget;

    snprintf(name, sizeof(name), "%s", endpoint ? endpoint : "");
    budget = find(set, name);
    if (!budget) {
        budget = set->n < BUDGETS_MAX ? &set->budgets[set->n++] : oldest(set);
        *budget = (struct budget){.limit = -1, .remaining = -1, .used_at_ms = now_ms};
        memcpy(budget->endpoint, name, sizeof(name));
    }
    return budget;
}

static bool is_over(const struct budget *budget, int64_t now_ms)
{
    return budget->remaining < 0 || (budget->reset_at_ms > 0 && now_ms >= budget->reset_at_ms);
}

static int64_t left_of(const struct budget *budget, bool paging)
{
    int64_t kept = paging || budget->limit <= 0 ? 0 : budget->limit / PAGING_SHARE;

    return budget->remaining - budget->under_way - kept;
}

int64_t budget_wait_ms(const struct budget *budget, int64_t cost, bool paging, int64_t now_ms)
{
    if (is_over(budget, now_ms)) {
        /* a new window: what it allows is the old limit, until the next reply says more */
        bool fits = budget->remaining < 0 || budget->limit < 0 || budget->under_way + cost <= budget->limit;

        return fits || budget->under_way == 0 ? 0 : 1000;
    }
    if (left_of(budget, paging) < cost)
        return budget->reset_at_ms > 0 ? budget->reset_at_ms - now_ms : BUDGET_BLIND_MS;
    if (!paging && budget->next_at_ms > now_ms)
        return budget->next_at_ms - now_ms;
    return 0;
}

/* Past half of the limit, what is left is spread over the time until the reset. */
static int64_t spacing_ms(const struct budget *budget, int64_t cost, int64_t now_ms)
{
    int64_t left = left_of(budget, false);

    if (is_over(budget, now_ms) || budget->reset_at_ms == 0 || budget->limit <= 0)
        return 0;
    if (budget->remaining > budget->limit / 2 || left <= 0)
        return 0;
    return (int64_t)((double)(budget->reset_at_ms - now_ms) * (double)cost / (double)left);
}

void budget_spend(struct budget *budget, int64_t cost, int64_t now_ms)
{
    budget->under_way += cost;
    budget->used_at_ms = now_ms;
    budget->next_at_ms = now_ms + spacing_ms(budget, cost, now_ms);
}

void budget_settle(struct budget *budget, int64_t cost)
{
    budget->under_way = budget->under_way > cost ? budget->under_way - cost : 0;
    if (budget->remaining > 0) /* until the reply's own word, which follows */
        budget->remaining = budget->remaining > cost ? budget->remaining - cost : 0;
}

void budget_learn(struct budget *budget, const struct source_budget *told, int64_t now_ms)
{
    if (!told->told)
        return;
    if (told->limit >= 0)
        budget->limit = told->limit;
    if (told->remaining >= 0) {
        budget->remaining = told->remaining;
        budget->reset_at_ms = told->reset_ms >= 0 ? now_ms + told->reset_ms : 0;
    }
    if (budget->remaining >= 0 && budget->reset_at_ms == 0)
        budget->reset_at_ms = now_ms + BUDGET_BLIND_MS;
}

/* ---- headers ----------------------------------------------------------------------------------- */

enum figure { FIGURE_LIMIT, FIGURE_REMAINING, FIGURE_RESET, FIGURES };

static const char *const figure_headers[FIGURES][4] = {
    [FIGURE_LIMIT] = {"X-RateLimit-Limit", "RateLimit-Limit", "X-Rate-Limit-Limit"},
    [FIGURE_REMAINING] = {"X-RateLimit-Remaining", "RateLimit-Remaining", "X-Rate-Limit-Remaining"},
    [FIGURE_RESET] = {"X-RateLimit-Reset-After", "X-RateLimit-Reset", "RateLimit-Reset",
                      "X-Rate-Limit-Reset"},
};

/* Names of the figures in the one-line forms. */
static const char *const figure_words[FIGURES][2] = {
    [FIGURE_LIMIT] = {"limit", "q"}, [FIGURE_REMAINING] = {"remaining", "r"}, [FIGURE_RESET] = {"reset", "t"},
};

/* "594.0", "100, 100;w=60": the whole part of the first number. */
static bool read_count(struct str value, int64_t *ret)
{
    size_t n = 0;

    value = str_trim(value);
    while (n < value.len && value.s[n] >= '0' && value.s[n] <= '9')
        n++;
    return n > 0 && str_to_i64(str_slice(value, 0, n), 0, INT64_MAX / 1000, ret);
}

static void read_figure(enum figure figure, struct str value, int64_t now_ms, struct source_budget *told)
{
    int64_t *const counts[FIGURES] = {[FIGURE_LIMIT] = &told->limit, [FIGURE_REMAINING] = &told->remaining};
    int64_t number;

    if (figure == FIGURE_RESET) {
        number = http_wait_parse(value, now_ms);
        if (number >= 0)
            told->reset_ms = number;
    } else if (read_count(value, &number)) {
        *counts[figure] = number;
    }
}

static void read_word(struct str part, int64_t now_ms, struct source_budget *told)
{
    struct str value, name = str_trim(str_split(part, '=', &value));

    for (int figure = 0; figure < FIGURES; figure++) {
        if (str_eq_nocase(name, str_from(figure_words[figure][0])) ||
            str_eq_nocase(name, str_from(figure_words[figure][1])))
            read_figure((enum figure)figure, value, now_ms, told);
    }
}

static bool is_separator(char c)
{
    return c == ',' || c == ';';
}

/* RateLimit: limit=100, remaining=50, reset=5 — or: "default";r=50;t=5 */
static void read_line(struct str line, int64_t now_ms, struct source_budget *told)
{
    size_t from = 0;

    for (size_t at = 0; at <= line.len; at++) {
        if (at < line.len && !is_separator(line.s[at]))
            continue;
        read_word(str_slice(line, from, at), now_ms, told);
        from = at + 1;
    }
}

bool budget_read_headers(const struct http_response *response, int64_t now_ms, struct source_budget *ret)
{
    struct source_budget told = {.limit = -1, .remaining = -1, .reset_ms = -1};

    read_line(http_response_header(response, "RateLimit-Policy"), now_ms, &told);
    told.reset_ms = -1; /* a policy has no state */
    read_line(http_response_header(response, "RateLimit"), now_ms, &told);
    for (int figure = 0; figure < FIGURES; figure++) {
        for (size_t i = ARRAY_LEN(figure_headers[0]); i-- > 0;) {
            const char *name = figure_headers[figure][i];
            struct str value = name ? http_response_header(response, name) : (struct str){0};

            if (value.len)
                read_figure((enum figure)figure, value, now_ms, &told);
        }
    }
    told.told = told.remaining >= 0;
    if (told.told)
        *ret = told;
    return told.told;
}

/* ---- quotas ------------------------------------------------------------------------------------ */

static int64_t month_start(int64_t now_ms, int months_on)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months_on, .tm_mday = 1};
    return (int64_t)timegm(&tm) * 1000;
}

static void find_period(const struct quota *quota, int64_t now_ms, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    if (quota->period == QUOTA_MONTH) {
        *ret_from_ms = month_start(now_ms, 0);
        *ret_to_ms = month_start(now_ms, 1);
        return;
    }
    *ret_from_ms = (now_ms - quota->starts_ms) / DAY_MS * DAY_MS + quota->starts_ms;
    *ret_to_ms = *ret_from_ms + DAY_MS;
}

void quota_roll(struct quota *quota, int64_t now_ms)
{
    if (now_ms >= quota->from_ms && now_ms < quota->to_ms)
        return;
    find_period(quota, now_ms, &quota->from_ms, &quota->to_ms);
    quota->used = 0;
    quota->slowed = false;
}

void quota_spend(struct quota *quota, int64_t amount, int64_t now_ms)
{
    quota_roll(quota, now_ms);
    if (amount <= 0)
        return;
    quota->used = quota->used > INT64_MAX - amount ? INT64_MAX : quota->used + amount;
    quota->typical = quota->typical ? (3 * (quota->typical / 4)) + amount / 4 : amount;
}

static double share_now(const struct quota *quota, int64_t now_ms)
{
    return (double)(now_ms - quota->from_ms) / (double)(quota->to_ms - quota->from_ms);
}

int64_t quota_wait_ms(struct quota *quota, int64_t amount, int64_t now_ms)
{
    double wanted, share;
    int64_t at_ms;

    if (quota->limit <= 0)
        return 0;
    quota_roll(quota, now_ms);
    wanted = (double)quota->used + (double)(amount > 0 ? amount : quota->typical);
    if (wanted > (double)quota->limit)
        return quota->to_ms - now_ms;
    share = (wanted / (double)quota->limit - QUOTA_HEAD) / (1 - QUOTA_HEAD) * QUOTA_TAIL;
    if (share <= share_now(quota, now_ms) || quota->used == 0)
        return 0;
    at_ms = quota->from_ms + (int64_t)(share * (double)(quota->to_ms - quota->from_ms));
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

int64_t quota_forecast(const struct quota *quota, int64_t now_ms)
{
    double share = share_now(quota, now_ms);

    return share < 0.01 ? quota->used : (int64_t)((double)quota->used / share);
}

bool quota_note(struct quota *quota)
{
    bool first = !quota->slowed;

    quota->slowed = true;
    return first;
}

/* What an account may still spend: the network's own limits, endpoint by endpoint, and the quota that its
 * owner set in units a day or dollars a month. Pure: no loop, no network, the time is always given (wall,
 * ms).
 *
 * A budget is a bucket of `limit` tokens that the network fills at reset_at_ms; we only know what its last
 * reply said and what is under way since. Its last fifth is kept for the pages of polls already begun, so a
 * new poll never takes what another one needs to reach its cursor, and past its half, polls are spaced to
 * last until it is filled.
 *
 * A quota is spread evenly over its period with a small head start: it slows down, and never stops before
 * the end. */
#ifndef POLLER_BUDGET_H
#define POLLER_BUDGET_H

#include "mentiond/buf.h"
#include "mentiond/http.h"
#include "mentiond/json.h"
#include "mentiond/source.h"

#define BUDGET_NAME_MAX 32 /* bytes of an endpoint's name with NUL; longer ones are cut */
#define BUDGETS_MAX 16     /* endpoints of an account; the one not used for longest is forgotten */
#define BUDGET_BLIND_MS 60000 /* nothing left, and the network did not say until when */

struct budget {
    char endpoint[BUDGET_NAME_MAX];
    int64_t limit, remaining; /* -1: not told */
    int64_t reset_at_ms;      /* 0: not told */
    int64_t under_way;        /* cost of requests without reply */
    int64_t next_at_ms;       /* spaced: no new poll before */
    int64_t used_at_ms;
};

struct budget_set {
    struct budget budgets[BUDGETS_MAX];
    size_t n;
};

/* Never NULL: a new endpoint takes the place of the one that was not used for longest. */
struct budget *budget_of(struct budget_set *set, const char *endpoint, int64_t now_ms);

/* 0: a request of this cost may go out now; else in so many ms. `paging`: it belongs to a poll already
 * begun. */
int64_t budget_wait_ms(const struct budget *budget, int64_t cost, bool paging, int64_t now_ms);

/* A request went out; then its reply came (or never will): once each. */
void budget_spend(struct budget *budget, int64_t cost, int64_t now_ms);
void budget_settle(struct budget *budget, int64_t cost);

/* What a reply said. */
void budget_learn(struct budget *budget, const struct source_budget *told, int64_t now_ms);

/* RateLimit-*, X-RateLimit-*, X-Rate-Limit-*, and the one-line forms "limit=…, remaining=…, reset=…" and
 * "name";r=…;t=…. The reset may be seconds left, epoch seconds or ms, ISO 8601 or an HTTP date. False if
 * nothing was said. */
bool budget_read_headers(const struct http_response *response, int64_t now_ms, struct source_budget *ret);

/* ---- quotas ----------------------------------------------------------------------------------- */

enum quota_period { QUOTA_DAY, QUOTA_MONTH };

struct quota {
    enum quota_period period;
    int64_t limit;     /* units, or millionths of a dollar; 0: no quota */
    int64_t starts_ms; /* QUOTA_DAY: when the day begins, after midnight UTC */
    int64_t used;      /* in this period */
    int64_t from_ms, to_ms; /* the period */
    int64_t typical;   /* what a request took lately, where that is known only afterwards */
    bool slowed;       /* said for this period: see quota_note() */
};

/* Begins a new period if the old one is over. */
void quota_roll(struct quota *quota, int64_t now_ms);
void quota_spend(struct quota *quota, int64_t amount, int64_t now_ms);
/* 0, or in how many ms the next `amount` fits; `amount` 0 stands for what is typical. */
int64_t quota_wait_ms(struct quota *quota, int64_t amount, int64_t now_ms);
/* What will have been used at the end of the period at this rate; before a hundredth of it: what was used. */
int64_t quota_forecast(const struct quota *quota, int64_t now_ms);
/* True once in each period: the first time that it makes somebody wait. */
bool quota_note(struct quota *quota);

#endif

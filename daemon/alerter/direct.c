/* redis.down and redis.up, said by each daemon alone through channels with `direct: true`: from memory,
 * because there is nowhere else. Retries, limits and "newest state wins" are the outbox's, as for all others.
 */
#include "alerter_internal.h"
#include "mentiond/clock.h"

static const char log_module[] = "alerts";

/* A route for every 16 of them. */
static void make_routes(struct direct *direct, const struct alert_plan *plan)
{
    direct->plan = (struct alert_plan){.targets = plan->targets, .routes = direct->routes};
    for (size_t i = 0; i < plan->targets->n; i++) {
        const struct alert_target *target = &plan->targets->items[i];
        struct alert_route *route = &direct->routes[direct->n_targets / ALERT_ROUTE_CHANNELS_MAX];

        if (!target->direct)
            continue;
        if (route->n_targets == 0) {
            *route = (struct alert_route){.name = STR("direct"), .resolved = true, .go_on = true};
            direct->plan.n_routes++;
        }
        route->targets[route->n_targets++] = target;
        direct->n_targets++;
    }
}

int direct_init(struct direct *direct, struct alerter *alerter, struct error *err)
{
    teller_init(&direct->teller, alerter, NULL, STR(""));
    make_routes(direct, alerter->options.plan);
    if (direct->n_targets == 0)
        return 0;
    if (teller_make(&direct->teller, err) < 0 ||
        outbox_create(&direct->plan, &direct->teller.outbox, err) < 0)
        return err->code;
    direct->teller.state = TELLER_FOLLOWING;
    return 0;
}

static void tell(struct direct *direct, struct str type)
{
    struct alerter *alerter = direct->teller.alerter;
    struct arena arena;
    struct error err = {0};

    arena_init(&arena, 4096);
    const struct str fields[] = {STR("host"), str_from(alerter->options.host), STR("since"),
                                 arena_printf(&arena, "%lld", (long long)direct->down_at_ms)};
    const struct alert_event event = {
        .type = type, .at_ms = clock_now_ms(), .fields = fields, .n_fields = ARRAY_LEN(fields)};
    struct str id = arena_printf(&arena, "%s/%lld", alerter->options.host, (long long)event.at_ms);

    if (outbox_take(direct->teller.outbox, &event, id, event.at_ms, &err) < 0)
        log_warn("not told", field_str("event", type), field_text("error", err.text));
    arena_finish(&arena);
    teller_go_on(&direct->teller);
}

void direct_tick(struct direct *direct)
{
    struct alerter *alerter = direct->teller.alerter;
    int64_t now_ms = clock_monotonic_ms();

    if (direct->n_targets == 0 || alerter->draining)
        return;
    if (redis_is_up(store_redis(alerter->options.store))) {
        if (direct->said)
            tell(direct, STR("redis.up"));
        direct->said = false;
        direct->down_since_ms = 0;
        return;
    }
    if (!direct->down_since_ms) {
        direct->down_since_ms = now_ms;
        direct->down_at_ms = clock_now_ms();
    }
    if (!direct->said &&
        now_ms - direct->down_since_ms >= alerter->options.settings->alerts.direct_after_ms) {
        direct->said = true;
        log_error("redis does not answer; said through direct channels",
                  field_int("seconds", (now_ms - direct->down_since_ms) / 1000));
        tell(direct, STR("redis.down"));
    }
}

/* Loading of everything that a configuration names. Brands with the same list of packs share one rule set. */
#include "plan.h"

#include <stdio.h>

#include "mentiond/http_server.h"

static bool same_rules(const struct str_list *a, const struct str_list *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (!str_eq(a->items[i], b->items[i]))
            return false;
    }
    return a->n == b->n;
}

static struct ruleset *find_loaded(const struct plan *plan, const struct str_list *rules)
{
    for (size_t i = 0; i < plan->n_brands; i++) {
        if (same_rules(&plan->brands[i].settings->rules, rules))
            return plan->brands[i].rules;
    }
    return NULL;
}

static struct ruleset *load_rules(const struct settings *settings, const struct str_list *rules,
                                  bool with_tests, struct diag *d)
{
    struct str *paths = arena_alloc(&settings->doc->arena, (rules->n + 1) * sizeof(*paths));
    struct ruleset *set;

    for (size_t i = 0; paths && i < rules->n; i++)
        paths[i] = settings_rules_path(settings, rules->items[i]);
    set = paths ? ruleset_load(paths, rules->n, RULE_ENGINE_FAST, d) : NULL;
    if (set && with_tests)
        ruleset_run_tests(set, d);
    if (set)
        ruleset_settle(set);
    return set;
}

static bool load_brands(struct plan *plan, bool with_tests, struct diag *d)
{
    const struct settings *settings = plan->settings;
    bool ok = true;

    plan->brands = calloc(settings->n_brands + 1, sizeof(*plan->brands));
    plan->lenses = calloc(settings->n_brands + 1, sizeof(*plan->lenses));
    for (size_t i = 0; plan->brands && plan->lenses && i < settings->n_brands; i++) {
        const struct brand_settings *brand = &settings->brands[i];
        struct ruleset *shared = find_loaded(plan, &brand->rules);
        struct ruleset *rules =
            shared ? ruleset_ref(shared) : load_rules(settings, &brand->rules, with_tests, d);

        ok = outage_lens_load(&plan->lenses[i], settings, brand, d) && ok;
        if (!rules)
            ok = false;
        else
            plan->brands[plan->n_brands++] = (struct poller_brand){brand, rules, &plan->lenses[i]};
    }
    return ok && plan->brands && plan->lenses;
}

static void check_listen(const struct settings *settings, struct diag *d)
{
    const struct config_node *http = config_get(settings->doc->root, "http");
    const struct config_node *listen = http ? config_get(http, "listen") : NULL;

    if (listen && settings->http_client.listen.len > 0 &&
        !http_server_can_listen(settings->http_client.listen))
        diag_error(d, settings->doc, listen->mark,
                   "http.listen: neither a port, nor ADDRESS:PORT, nor unix:PATH");
}

struct plan *plan_load(const char *config_path, bool with_tests, struct diag *d)
{
    struct plan *plan = calloc(1, sizeof(*plan));
    bool ok;

    if (!plan)
        return NULL;
    plan->settings = settings_read(config_path, d); /* goes on despite errors: all are to be said */
    ok = plan->settings != NULL;
    if (ok) {
        check_listen(plan->settings, d);
        plan->sources = source_set_create(plan->settings, d);
        plan->alerts = alert_plan_create(plan->settings, d);
        ok = load_brands(plan, with_tests, d) && plan->sources && plan->alerts;
    }
    if (!ok || d->n_errors) {
        plan_destroy(plan);
        return NULL;
    }
    return plan;
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_brands; i++)
        ruleset_unref(plan->brands[i].rules);
    free(plan->brands);
    for (size_t i = 0; plan->lenses && i < plan->settings->n_brands; i++)
        outage_lens_finish(&plan->lenses[i]);
    free(plan->lenses);
    source_set_destroy(plan->sources);
    alert_plan_destroy(plan->alerts);
    settings_destroy(plan->settings);
    free(plan);
}

/* Does an earlier brand have the same rule set? */
static bool is_shared(const struct plan *plan, size_t brand)
{
    for (size_t i = 0; i < brand; i++) {
        if (plan->brands[i].rules == plan->brands[brand].rules)
            return true;
    }
    return false;
}

void plan_describe(const struct plan *plan, char *text, size_t size)
{
    size_t n_rules = 0;

    for (size_t i = 0; i < plan->n_brands; i++)
        n_rules += is_shared(plan, i) ? 0 : ruleset_count(plan->brands[i].rules);
    snprintf(text, size, "%zu brand%s, %zu source%s, %zu rules", plan->n_brands,
             plan->n_brands == 1 ? "" : "s", plan->sources->n_sources,
             plan->sources->n_sources == 1 ? "" : "s", n_rules);
}

size_t plan_unfiltered(const struct plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_brands; i++)
        n += is_shared(plan, i) ? 0 : ruleset_unfiltered(plan->brands[i].rules);
    return n;
}

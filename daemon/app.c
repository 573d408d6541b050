/* The wiring. One struct holds what lives as long as the process (loop, Redis, HTTP client) and what a reload replaces
 * (plan, poller). Order of the start: plan, loop, Redis (its own or another), checks of that server, poller. Order of
 * the end: no new polls, what runs is stored, leases given back, outbox empty, everything freed. */
#include "app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "mentiond/alerter.h"
#include "mentiond/clock.h"
#include "mentiond/log.h"
#include "mentiond/text.h"
#include "endpoints.h"
#include "notify.h"
#include "plan.h"
#include "server_check.h"

static const char log_module[] = "mentiond";

#define DRAIN_GRACE_MS 10000
#define RELOAD_GRACE_MS 5000
#define ALERTS_GRACE_MS 4000 /* for messages under way */
#define FLUSH_MAX_MS 3000 /* for leases and sessions on their way to Redis */
#define FLUSH_LOOK_MS 10
#define SAME_SIGNAL_MS 1000 /* Ctrl-C reaches us from the terminal and from the script that started us: once */
#define REDIS_START_TIMEOUT_MS 15000

enum { SIGNAL_HUP, SIGNAL_TERM, SIGNAL_INT, SIGNAL_EVENTS };

struct app {
    struct app_options options;
    const char *config_path;
    char host[128];
    char daemon_name[256];
    char nonce[33]; /* of this start: keeps the leases over a reload */
    struct plan *plan;
    struct plan *next_plan; /* a reload waits for the old poller to drain */
    struct event_base *base;
    struct event *signals[SIGNAL_EVENTS];
    struct event *watchdog, *flush;
    struct redis_server *server;
    struct redis *redis;
    struct store *store;
    struct http_client *http;
    struct http_server *web; /* NULL: none is wanted */
    struct endpoints endpoints;
    struct poller *poller;
    struct alerter *alerter; /* NULL: there are no channels */
    bool started, stopping;
    int64_t stopped_at_ms;  /* monotonic, as flush_until_ms */
    int64_t flush_until_ms;
    struct log_repeat redis_failing;
    int exit_status;
};

static void stop(struct app *app, int exit_status);

/* ---- the alerter ----------------------------------------------------------------------------- */

static struct stream_reader *stream_of(void *user, struct str brand)
{
    struct app *app = user;

    return app->poller ? poller_stream(app->poller, brand) : NULL;
}

static const char *lease_of(void *user, struct str brand)
{
    struct app *app = user;

    return app->poller ? poller_lease(app->poller, brand) : NULL;
}

static bool tells(const struct app *app)
{
    return !app->options.once && !app->options.dry_run && app->plan->alerts->targets->n > 0;
}

static int create_alerter(struct app *app, struct error *err)
{
    const struct alerter_options options = {.base = app->base,
                                            .http = app->http,
                                            .store = app->store,
                                            .plan = app->plan->alerts,
                                            .settings = app->plan->settings,
                                            .host = app->host,
                                            .stream = stream_of,
                                            .lease = lease_of,
                                            .user = app};

    return tells(app) ? alerter_create(&options, &app->alerter, err) : 0;
}

/* ---- the poller ------------------------------------------------------------------------------ */

static void print_mention(void *user, const struct mention *m)
{
    struct buf line = BUF_INIT(4 * MENTION_TEXT_MAX);

    (void)user;
    buf_printf(&line, "%-9s %3d  ", mention_class_name(m->class), m->score);
    text_for_terminal(m->id, &line);
    buf_append_str(&line, STR("  "));
    text_for_terminal(m->text, &line);
    for (size_t i = 0; i < m->n_hits; i++)
        buf_printf(&line, "%s%.*s", i ? ", " : "  [", STR_FMT(m->hits[i].rule));
    if (m->n_hits)
        buf_append_char(&line, ']');
    puts(line.failed ? "(too long to print)" : line.data);
    buf_finish(&line);
}

static void on_finished(void *user, unsigned n_failed)
{
    stop(user, n_failed ? APP_FAILED : APP_OK);
}

static int start_poller(struct app *app, struct error *err)
{
    struct poller_options options = {.base = app->base,
                                     .http = app->http,
                                     .server = app->web,
                                     .store = app->store,
                                     .settings = app->plan->settings,
                                     .sources = app->plan->sources,
                                     .brands = app->plan->brands,
                                     .daemon_name = app->daemon_name,
                                     .nonce = app->nonce,
                                     .once = app->options.once,
                                     .only_source = app->options.source,
                                     .speaks = tells(app),
                                     .on_mention = print_mention,
                                     .on_finished = on_finished,
                                     .user = app};
    char what[128];

    if (poller_create(&options, &app->poller, err) < 0)
        return err->code;
    poller_start(app->poller);
    if (app->alerter)
        alerter_start(app->alerter);
    plan_describe(app->plan, what, sizeof(what));
    log_info("listening", field_text("to", what));
    notify_send("READY=1");
    return 0;
}

static void log_stats(const struct app *app)
{
    struct poller_stats s = poller_stats(app->poller);

    log_info("polling ended", field_int("polls", (int64_t)s.polls),
             field_int("failures", (int64_t)s.failures), field_int("mentions", (int64_t)s.mentions),
             field_int("new", (int64_t)s.new_mentions), field_int("known", (int64_t)s.known),
             field_int("old", (int64_t)s.old), field_int("own", (int64_t)s.own),
             field_int("reposts", (int64_t)s.reposts), field_int("unrelated", (int64_t)s.unrelated),
             field_int("excluded", (int64_t)s.excluded), field_int("refused", (int64_t)s.refused),
             field_int("skipped", (int64_t)s.skipped), field_int("faults", (int64_t)s.faults));
}

/* ---- Redis ----------------------------------------------------------------------------------- */

static void on_server_checked(void *user, const struct error *err)
{
    struct app *app = user;
    struct error why = {0};

    if (app->stopping || app->started)
        return;
    if (err)
        why = *err;
    else if (start_poller(app, &why) == 0)
        app->started = true;
    if (why.code < 0) {
        log_error("cannot start", field_text("error", why.text));
        stop(app, APP_FAILED);
    }
}

static void on_redis_state(void *user, bool up, const struct error *err)
{
    struct app *app = user;
    uint64_t failures;

    if (!up) {
        if (!app->stopping && log_repeat_due(&app->redis_failing))
            log_warn("redis not reachable, trying again; nothing is lost meanwhile",
                     field_text("error", err ? err->text : ""));
        return;
    }
    failures = log_repeat_over(&app->redis_failing);
    if (failures)
        log_info("redis is back", field_int("failures", (int64_t)failures));
    if (app->poller)
        poller_redis_is_back(app->poller);
    if (!app->started)
        server_check(app->redis, on_server_checked, app);
}

static int start_server(struct app *app, struct str *ret_url, struct error *err)
{
    const struct settings *settings = app->plan->settings;
    CLEANUP(free_p) char *state_dir = str_dup(settings_path(settings, settings->state_dir));
    struct redis_server_options options = {.state_dir = state_dir,
                                           .max_memory = settings->redis.max_memory,
                                           .start_timeout_ms = REDIS_START_TIMEOUT_MS};

    if (!str_eq(settings->redis.url, STR("embedded"))) {
        *ret_url = settings->redis.url;
        return 0;
    }
    if (!state_dir)
        return error_oom(err);
    if (redis_server_start(app->base, &options, &app->server, err) < 0)
        return err->code;
    *ret_url = redis_server_url(app->server);
    return 0;
}

static int connect_redis(struct app *app, struct error *err)
{
    const struct redis_settings *settings = &app->plan->settings->redis;
    CLEANUP(free_p) char *username = str_dup(settings->username);
    CLEANUP(free_p) char *ca_file = str_dup(settings->ca_file);
    struct redis_options options = {.connect_timeout_ms = settings->connect_timeout_ms,
                                    .command_timeout_ms = settings->command_timeout_ms,
                                    .backoff_min_ms = 100,
                                    .backoff_max_ms = 5000};
    char *password = NULL;
    int r;

    if (start_server(app, &options.url, err) < 0)
        return err->code;
    if (settings->password.spec.len && secret_resolve(&settings->password, &password, err) < 0)
        return error_prefix(err, err->code, "redis.password");
    options.username = settings->username.len ? username : NULL;
    options.ca_file = settings->ca_file.len ? ca_file : NULL;
    options.password = password;
    r = redis_create(app->base, &options, on_redis_state, app, &app->redis, err);
    secret_free(password);
    if (r < 0)
        return r;
    r = store_create(app->base, app->redis, settings->name_space, &app->store, err);
    return r < 0 ? r : create_alerter(app, err);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_flushed(evutil_socket_t fd, short what, void *user)
{
    struct app *app = user;
    struct timeval look = {0, FLUSH_LOOK_MS * 1000};
    bool is_busy = (app->redis && redis_is_up(app->redis) && redis_outbox_len(app->redis) > 0) ||
                   (app->web && http_server_is_busy(app->web));

    (void)fd;
    (void)what;
    if (is_busy && clock_monotonic_ms() < app->flush_until_ms)
        evtimer_add(app->flush, &look);
    else
        event_base_loopbreak(app->base);
}

static void on_drained(void *user)
{
    struct app *app = user;

    log_stats(app);
    app->flush_until_ms = clock_monotonic_ms() + FLUSH_MAX_MS;
    on_flushed(-1, 0, app);
}

static void on_told(void *user)
{
    struct app *app = user;

    if (app->poller)
        poller_drain(app->poller, DRAIN_GRACE_MS, on_drained, app);
    else
        event_base_loopbreak(app->base);
}

static void stop(struct app *app, int exit_status)
{
    if (app->stopping)
        return;
    app->stopping = true;
    app->stopped_at_ms = clock_monotonic_ms();
    app->exit_status = exit_status;
    notify_send("STOPPING=1");
    if (app->web)
        http_server_stop(app->web);
    if (app->alerter)
        alerter_drain(app->alerter, ALERTS_GRACE_MS, on_told, app);
    else
        on_told(app);
}

static void on_stop_signal(evutil_socket_t number, short what, void *user)
{
    struct app *app = user;

    (void)what;
    if (app->stopping) {
        if (clock_monotonic_ms() < app->stopped_at_ms + SAME_SIGNAL_MS)
            return;
        log_warn("second signal, leaving at once");
        event_base_loopbreak(app->base);
        return;
    }
    log_info("stopping", field_text("signal", strsignal((int)number)));
    stop(app, APP_OK);
}

static void on_reload_drained(void *user)
{
    struct app *app = user;
    struct error err = {0};

    alerter_destroy(TAKE(app->alerter));
    poller_destroy(TAKE(app->poller));
    plan_destroy(app->plan);
    app->plan = TAKE(app->next_plan);
    if (create_alerter(app, &err) < 0 || start_poller(app, &err) < 0) {
        log_error("cannot go on after the reload", field_text("error", err.text));
        stop(app, APP_FAILED);
        return;
    }
    log_info("configuration and rules reloaded");
}

static void on_reload_told(void *user)
{
    struct app *app = user;

    poller_drain(app->poller, RELOAD_GRACE_MS, on_reload_drained, app);
}

static bool same_server(const struct settings *a, const struct settings *b)
{
    return str_eq(a->redis.url, b->redis.url) && str_eq(a->redis.name_space, b->redis.name_space) &&
           str_eq(a->state_dir, b->state_dir) && str_eq(a->http_client.listen, b->http_client.listen);
}

static void on_reload_signal(evutil_socket_t number, short what, void *user)
{
    struct app *app = user;
    struct diag d;

    (void)number;
    (void)what;
    if (app->stopping || !app->started || app->next_plan)
        return;
    notify_send("RELOADING=1");
    diag_init(&d);
    app->next_plan = plan_load(app->config_path, false, &d);
    if (!app->next_plan) {
        diag_print(&d, app->config_path, stderr);
        log_error("configuration not reloaded, going on with the old one",
                  field_int("errors", (int64_t)d.n_errors));
        notify_send("READY=1");
    } else {
        if (!same_server(app->plan->settings, app->next_plan->settings))
            log_warn("redis.url, redis.namespace, state_dir and http.listen change only with a restart");
        if (app->alerter)
            alerter_drain(app->alerter, ALERTS_GRACE_MS, on_reload_told, app);
        else
            on_reload_told(app);
    }
    diag_finish(&d);
}

static int watch_signals(struct app *app, struct error *err)
{
    static const struct {
        int number;
        event_callback_fn handler;
    } handled[SIGNAL_EVENTS] = {[SIGNAL_HUP] = {SIGHUP, on_reload_signal},
                                [SIGNAL_TERM] = {SIGTERM, on_stop_signal},
                                [SIGNAL_INT] = {SIGINT, on_stop_signal}};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < SIGNAL_EVENTS; i++) {
        app->signals[i] = evsignal_new(app->base, handled[i].number, handled[i].handler, app);
        if (!app->signals[i] || event_add(app->signals[i], NULL) < 0)
            return error_oom(err);
    }
    return 0;
}

/* ---- start and end --------------------------------------------------------------------------- */

static void on_event_log(int severity, const char *message)
{
    if (severity >= EVENT_LOG_WARN)
        log_warn("libevent", field_text("message", message));
}

static void apply_log_settings(const struct log_settings *settings)
{
    static const char *names[LOG_DEBUG_MODULES_MAX];
    static char *copies[LOG_DEBUG_MODULES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < settings->debug.n && n < LOG_DEBUG_MODULES_MAX; i++, n++) {
        free(copies[n]);
        copies[n] = str_dup(settings->debug.items[i]);
        names[n] = copies[n] ? copies[n] : "";
    }
    log_set_format((enum log_format)settings->format);
    log_set_level((enum log_level)settings->level);
    log_set_debug_modules(names, n);
    log_set_systemd(getenv("JOURNAL_STREAM") != NULL);
}

static int create_http(struct app *app, struct error *err)
{
    const struct http_settings *settings = &app->plan->settings->http_client;
    CLEANUP(free_p) char *agent = str_dup(settings->user_agent);
    CLEANUP(free_p) char *ca_file = str_dup(settings->ca_file);
    struct http_options options = {.timeout_ms = settings->timeout_ms,
                                   .connect_timeout_ms = settings->connect_timeout_ms,
                                   .max_body = settings->max_body,
                                   .user_agent = agent,
                                   .allow_private = settings->allow_private,
                                   .ca_file = settings->ca_file.len ? ca_file : NULL};

    return http_client_create(app->base, &options, &app->http, err);
}

static const char *why_not_ready(void *user)
{
    const struct app *app = user;

    if (app->stopping)
        return "stopping";
    if (!app->redis || !redis_is_up(app->redis))
        return "redis does not answer";
    return app->started ? NULL : "starting";
}

static int create_web(struct app *app, struct error *err)
{
    struct str listen = app->plan->settings->http_client.listen;

    if (listen.len == 0 || app->options.once || app->options.dry_run)
        return 0;
    app->endpoints = (struct endpoints){why_not_ready, app};
    return endpoints_create(app->base, listen, &app->endpoints, &app->web, err);
}

static int start(struct app *app, struct error *err)
{
    app->base = event_base_new();
    if (!app->base)
        return error_oom(err);
    app->flush = evtimer_new(app->base, on_flushed, app);
    app->watchdog = notify_start_watchdog(app->base);
    if (!app->flush)
        return error_oom(err);
    if (watch_signals(app, err) < 0 || create_http(app, err) < 0 || create_web(app, err) < 0)
        return err->code;
    return app->options.dry_run ? start_poller(app, err) : connect_redis(app, err);
}

static void finish(struct app *app)
{
    alerter_destroy(app->alerter);
    poller_destroy(app->poller);
    redis_destroy(app->redis);
    store_destroy(app->store);
    http_client_destroy(app->http);
    http_server_destroy(app->web);
    redis_server_stop(app->server);
    for (size_t i = 0; i < SIGNAL_EVENTS; i++) {
        if (app->signals[i])
            event_free(app->signals[i]);
    }
    if (app->watchdog)
        event_free(app->watchdog);
    if (app->flush)
        event_free(app->flush);
    if (app->base)
        event_base_free(app->base);
    plan_destroy(app->next_plan);
    plan_destroy(app->plan);
    libevent_global_shutdown();
    curl_global_cleanup();
}

/* Finds and loads; every error is printed. */
static struct plan *load(const struct app_options *options, bool with_tests, const char **ret_path)
{
    struct error err = {0};
    struct plan *plan;
    struct diag d;

    *ret_path = settings_find(options->config, &err);
    if (!*ret_path) {
        fprintf(stderr, "mentiond: %s\n", err.text);
        return NULL;
    }
    diag_init(&d);
    plan = plan_load(*ret_path, with_tests, &d);
    if (d.n_errors || d.n_warnings)
        diag_print(&d, *ret_path, stderr);
    diag_finish(&d);
    return plan;
}

int app_check(const struct app_options *options)
{
    const char *path;
    struct plan *plan = load(options, true, &path);
    char what[128];

    if (!plan)
        return APP_USAGE;
    plan_describe(plan, what, sizeof(what));
    printf("%s: ok: %s\n", path, what);
    size_t unfiltered = plan_unfiltered(plan);
    if (unfiltered > 0)
        printf("%s: note: %zu of the rules' phrases and regexes %s run on every post; 'mentionctl rules lint' "
               "names them (unfiltered)\n",
               path, unfiltered, unfiltered == 1 ? "is" : "are");
    plan_destroy(plan);
    return APP_OK;
}

int app_run(const struct app_options *options)
{
    struct app app = {.options = *options};
    struct error err = {0};

    curl_global_init(CURL_GLOBAL_DEFAULT);
    event_set_log_callback(on_event_log);
    app.plan = load(options, false, &app.config_path);
    if (!app.plan) {
        finish(&app);
        return APP_USAGE;
    }
    apply_log_settings(&app.plan->settings->log);
    if (gethostname(app.host, sizeof(app.host) - 1) < 0)
        snprintf(app.host, sizeof(app.host), "localhost");
    snprintf(app.daemon_name, sizeof(app.daemon_name), "%s:%d", app.host, (int)getpid());
    store_make_req(app.nonce);
    if (start(&app, &err) < 0) {
        log_error("cannot start", field_text("error", err.text));
        app.exit_status = APP_FAILED;
    } else {
        event_base_dispatch(app.base);
    }
    finish(&app);
    return app.exit_status;
}

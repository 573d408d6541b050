/* Opening a session: configuration, brand, agent, connection, each with an error that says what to
 * do. The session owns the event loop; verbs run it only while they wait for something. */
#include "session.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mentiond/clock.h"

#define CONNECT_MS 5000
#define COMMAND_MS 10000
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 2000
#define PATH_MAX_BYTES 4096

/* ---- rights --------------------------------------------------------------------------------- */

/* Whether joining the group of this thing would help. */
static bool group_may(const struct stat *info)
{
    mode_t wanted = S_ISDIR(info->st_mode)    ? S_IXGRP
                    : S_ISSOCK(info->st_mode) ? S_IRGRP | S_IWGRP
                                              : S_IRGRP;

    return info->st_gid != 0 && (info->st_mode & wanted) == wanted;
}

/* What to do about a path that we may not use: join the group of the first thing on the way to it
 * that keeps us out, if that group is let in. */
static void tell_group(const char *path, char *ret_text, size_t size)
{
    char part[PATH_MAX_BYTES];
    const struct group *group;
    struct stat info;

    snprintf(part, sizeof(part), "%s", path);
    while (stat(part, &info) < 0 && strchr(part, '/') && strcmp(part, "/") != 0)
        dirname(part);
    group = stat(part, &info) == 0 && group_may(&info) ? getgrgid(info.st_gid) : NULL;
    if (group)
        snprintf(ret_text, size,
                 "%s is for group '%s': let an administrator run 'usermod -aG %s YOU', then log in "
                 "again",
                 part, group->gr_name, group->gr_name);
    else
        snprintf(ret_text, size, "ask an administrator for the right to use %s", part);
}

static int refuse_rights(const char *what, const char *path, struct error *err)
{
    char advice[PATH_MAX_BYTES + 256];

    tell_group(path, advice, sizeof(advice));
    return error_set(err, -EACCES, "%s %s: permission denied; %s", what, path, advice);
}

/* ---- configuration -------------------------------------------------------------------------- */

int ctl_load_settings(const char *path, struct settings **ret, struct error *err)
{
    struct settings *settings;
    struct diag d;

    if (access(path, R_OK) < 0 && errno == EACCES)
        return refuse_rights("reading the configuration", path, err);
    diag_init(&d);
    settings = settings_load(path, &d);
    if (!settings) {
        diag_print(&d, path, stderr);
        error_set(err, -EBADMSG, "the configuration %s cannot be used", path);
    } else {
        *ret = settings;
    }
    diag_finish(&d);
    return settings ? 0 : -EBADMSG;
}

static void list_brands(const struct settings *settings, struct buf *out)
{
    for (size_t i = 0; i < settings->n_brands; i++) {
        buf_append_str(out, i ? STR(", ") : STR(""));
        buf_append_str(out, settings->brands[i].name);
    }
}

int ctl_find_brand(const struct settings *settings, struct str name,
                   const struct brand_settings **ret, struct error *err)
{
    CLEANUP(buf_finish) struct buf all = BUF_INIT(512);
    const char *names[SETTINGS_BRANDS_MAX + 1] = {NULL};
    const char *near;

    *ret = settings_brand(settings, name);
    if (*ret)
        return 0;
    for (size_t i = 0; i < settings->n_brands && i < SETTINGS_BRANDS_MAX; i++)
        names[i] = settings->brands[i].name.s;
    near = str_nearest(name, names, sizeof(names[0]));
    if (near)
        return error_set(err, -EINVAL, "there is no brand '%.*s' in %.*s (did you mean '%s'?)",
                         STR_FMT(name), STR_FMT(settings->doc->path), near);
    list_brands(settings, &all);
    return error_set(err, -EINVAL, "there is no brand '%.*s' in %.*s; it has: %.*s", STR_FMT(name),
                     STR_FMT(settings->doc->path), STR_FMT(buf_str(&all)));
}

static int choose_brand(struct session *s, const struct common *common, struct error *err)
{
    CLEANUP(buf_finish) struct buf all = BUF_INIT(512);
    const struct brand_settings *brand;
    int r;

    if (!s->settings) {
        s->brand = common->brand;
        return s->brand.s ? 0 : error_set(err, -EINVAL, "which brand? Say --brand NAME");
    }
    if (common->brand.s) {
        r = ctl_find_brand(s->settings, common->brand, &brand, err);
        if (r == 0)
            s->brand = brand->name;
        return r;
    }
    if (s->settings->n_brands == 1) {
        s->brand = s->settings->brands[0].name;
        return 0;
    }
    list_brands(s->settings, &all);
    return error_set(err, -EINVAL, "which brand? Say --brand with one of: %.*s",
                     STR_FMT(buf_str(&all)));
}

/* ---- who acts ------------------------------------------------------------------------------- */

static bool is_agent_name(struct str name)
{
    if (name.len == 0 || name.len > AGENT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.s[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && !(c && strchr("._@-", c)))
            return false;
    }
    return true;
}

static int choose_agent(struct session *s, const struct common *common, struct error *err)
{
    const char *env = getenv("MENTION_AGENT");
    const struct passwd *login = getpwuid(geteuid());
    const char *from = "--as";
    struct str name = common->as;

    if (!name.s && env && *env) {
        name = str_from(env);
        from = "$MENTION_AGENT";
    } else if (!name.s) {
        name = str_from(login ? login->pw_name : "");
        from = "your login name";
    }
    if (!is_agent_name(name))
        return error_set(
            err, -EINVAL,
            "%s: '%.*s' is no agent's name (1 to %d letters, digits, '.', '_', '@', '-'); say "
            "--as NAME",
            from, STR_FMT(name), AGENT_NAME_MAX);
    snprintf(s->agent, sizeof(s->agent), "%.*s", STR_FMT(name));
    return 0;
}

/* ---- where Redis is ------------------------------------------------------------------------- */

/* Looked at before connecting, because what connect() says does not help anybody. */
static int check_socket(struct session *s, struct str url, struct error *err)
{
    struct str rest, path = str_slice(url, STR("unix://").len, url.len);
    char file[PATH_MAX_BYTES];
    struct stat info;

    path = str_split(path, '?', &rest);
    snprintf(file, sizeof(file), "%.*s", STR_FMT(path));
    snprintf(s->where, sizeof(s->where), "%.*s", (int)sizeof(s->where) - 1, file);
    if (access(file, R_OK | W_OK) == 0)
        return 0;
    if (errno == EACCES)
        return refuse_rights("connecting to", file, err);
    if (stat(file, &info) < 0)
        return error_set(
            err, -ENOENT,
            "connecting to %s: no such socket, so no daemon runs with this configuration; start "
            "it with 'mentiond --config %.*s'",
            file, s->settings ? (int)s->settings->doc->path.len : 4,
            s->settings ? s->settings->doc->path.s : "FILE");
    return error_errno(err, errno, "connecting to %s", file);
}

/* The URL without what may be a password. */
static void name_server(struct session *s, struct str url)
{
    size_t scheme = str_find(url, STR("://"));
    size_t at = url.len;

    while (at > 0 && url.s[at - 1] != '@')
        at--;
    if (at > 0 && scheme != SIZE_MAX)
        snprintf(s->where, sizeof(s->where), "%.*s://%.*s", (int)scheme, url.s, (int)(url.len - at),
                 url.s + at);
    else
        snprintf(s->where, sizeof(s->where), "%.*s", STR_FMT(url));
}

static struct str find_url(const struct session *s, char *storage, size_t size)
{
    const char *env = getenv("MENTIOND_REDIS");
    char state_dir[PATH_MAX_BYTES];

    if (!s->settings || (env && *env))
        return str_from(env);
    if (!str_eq(s->settings->redis.url, STR("embedded")))
        return s->settings->redis.url;
    snprintf(state_dir, sizeof(state_dir), "%.*s",
             STR_FMT(settings_path(s->settings, s->settings->state_dir)));
    return redis_server_socket_url(state_dir, storage, size);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user;
}

bool session_run(struct session *s, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    struct timeval wait = {left_ms / 1000, left_ms % 1000 * 1000};

    if (left_ms <= 0 || s->interrupted)
        return false;
    event_add(s->timer, &wait);
    event_base_loop(s->base, EVLOOP_ONCE);
    event_del(s->timer);
    return !s->interrupted && clock_monotonic_ms() < deadline_ms;
}

static void on_interrupt(evutil_socket_t fd, short what, void *user)
{
    struct session *s = user;

    (void)fd;
    (void)what;
    s->interrupted = true;
    event_base_loopbreak(s->base);
}

int session_catch_interrupt(struct session *s, struct error *err)
{
    static const int signals[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        if (!s->signals[i])
            s->signals[i] = evsignal_new(s->base, signals[i], on_interrupt, s);
        if (!s->signals[i] || event_add(s->signals[i], NULL) < 0)
            return error_oom(err);
    }
    return 0;
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void on_state(void *user, bool up, const struct error *err)
{
    struct session *s = user;

    s->up = up;
    if (!up) {
        s->refused = true;
        if (err)
            s->lost = *err;
    }
    event_base_loopbreak(s->base);
}

static int64_t connect_timeout(const struct session *s)
{
    return s->settings ? s->settings->redis.connect_timeout_ms : CONNECT_MS;
}

static int wait_until_up(struct session *s, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + connect_timeout(s) + 1000;

    while (!s->up && !s->refused && session_run(s, deadline_ms))
        ;
    if (s->up)
        return 0;
    if (!s->refused)
        return error_set(err, -ETIMEDOUT, "connecting to %s: no answer", s->where);
    return error_set(err, s->lost.code ? s->lost.code : -ECONNREFUSED, "connecting to %s: %s",
                     s->where, s->lost.text);
}

static int connect_redis(struct session *s, struct str url, struct error *err)
{
    const struct redis_settings *conf = s->settings ? &s->settings->redis : NULL;
    bool from_config = conf && !getenv("MENTIOND_REDIS");
    struct redis_options options = {
        .url = url,
        .connect_timeout_ms = connect_timeout(s),
        .command_timeout_ms = conf ? conf->command_timeout_ms : COMMAND_MS,
        .backoff_min_ms = BACKOFF_MIN_MS,
        .backoff_max_ms = BACKOFF_MAX_MS,
    };
    char *password = NULL;
    int r;

    if (from_config && conf->password.spec.len > 0) {
        r = secret_resolve(&conf->password, &password, err);
        if (r < 0)
            return error_prefix(err, r, "redis.password");
    }
    options.password = password;
    options.username = from_config && conf->username.len ? conf->username.s : NULL;
    options.ca_file = from_config && conf->ca_file.len ? conf->ca_file.s : NULL;
    r = redis_create(s->base, &options, on_state, s, &s->redis, err);
    secret_free(password);
    return r < 0 ? r : wait_until_up(s, err);
}

static int session_connect(struct session *s, struct error *err)
{
    char storage[PATH_MAX_BYTES];
    struct str url = find_url(s, storage, sizeof(storage));
    int r;

    name_server(s, url);
    r = str_starts_with(url, STR("unix://")) ? check_socket(s, url, err) : 0;
    if (r < 0)
        return r;
    s->base = event_base_new();
    s->timer = s->base ? event_new(s->base, -1, 0, on_deadline, NULL) : NULL;
    if (!s->timer)
        return error_oom(err);
    r = connect_redis(s, url, err);
    if (r < 0)
        return r;
    return store_create(s->base, s->redis, s->name_space, &s->store, err);
}

static int find_settings(struct session *s, const struct common *common, struct error *err)
{
    const char *path = settings_find(common->config.s, err);
    int r;

    s->name_space = STR("mentiond");
    if (!path)
        return getenv("MENTIOND_REDIS") ? 0 : err->code;
    r = ctl_load_settings(path, &s->settings, err);
    if (s->settings)
        s->name_space = s->settings->redis.name_space;
    return r;
}

static int session_open(struct ctl *ctl, struct error *err)
{
    struct session *s;
    int r;

    if (ctl->session)
        return 0;
    s = calloc(1, sizeof(*s));
    if (!s)
        return error_oom(err);
    ctl->session = s; /* closed by main(), however far this gets */
    r = choose_agent(s, &ctl->common, err);
    if (r == 0)
        r = find_settings(s, &ctl->common, err);
    if (r == 0)
        r = choose_brand(s, &ctl->common, err);
    return r < 0 ? r : session_connect(s, err);
}

enum exit_code ctl_open(struct ctl *ctl)
{
    struct error err;
    int r = session_open(ctl, &err);

    if (r == -EINVAL)
        return ctl_usage(ctl, "%s", err.text);
    return r < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}

void session_close(struct session *session)
{
    if (!session)
        return;
    store_destroy(session->store);
    redis_destroy(session->redis);
    free(session->stream); /* after the client, which answers it when it is destroyed */
    for (size_t i = 0; i < ARRAY_LEN(session->signals); i++) {
        if (session->signals[i])
            event_free(session->signals[i]);
    }
    if (session->timer)
        event_free(session->timer);
    if (session->base)
        event_base_free(session->base);
    settings_destroy(session->settings);
    free(session);
}

const char *ctl_agent(const struct ctl *ctl)
{
    return ctl->session ? ctl->session->agent : "";
}

/* Checks of settings that need more than one value or the world outside: names, references between
 * sections, time zones. They point at the node they complain about.
 */
#include "config/settings_check.h"

#include <ctype.h>
#include <sys/stat.h>

#define NAME_LEN_MAX 64
#define ZONES_DIR "/usr/share/zoneinfo"

static const char *shown(struct str text, char storage[CONFIG_SHOWN_MAX])
{
    struct config_node node = {.kind = CONFIG_SCALAR, .quoted = true, .value = text};

    return config_shown(&node, storage);
}

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.s[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return text.len >= 1 && text.len <= NAME_LEN_MAX;
}

void settings_check_name(const struct settings_loader *l, const char *where, struct str name,
                         struct config_mark mark)
{
    char storage[CONFIG_SHOWN_MAX];

    if (!is_name(name))
        diag_error(l->d, l->s->doc, mark,
                   "%s: %s is not a name: 1 to %d of a-z, 0-9, _ and - are allowed", where,
                   shown(name, storage), NAME_LEN_MAX);
}

bool settings_check_map(const struct settings_loader *l, const char *where,
                        const struct config_node *node)
{
    if (node->kind == CONFIG_MAP)
        return true;
    diag_error(l->d, l->s->doc, node->mark, "%s: expected a map, got %s", where,
               config_kind_shown(node));
    return false;
}

size_t settings_check_count(const struct settings_loader *l, const char *where,
                            const struct config_node *node, size_t max)
{
    if (node->n <= max)
        return node->n;
    diag_error(l->d, l->s->doc, node->mark, "%s: has %zu entries, the maximum is %zu", where,
               node->n, max);
    return max;
}

/* ---- redis --------------------------------------------------------------------------------- */

static void check_redis_url(const struct settings_loader *l, const struct config_node *node)
{
    static const char *const schemes[] = {"redis://", "rediss://", "unix:///"};
    struct str url = l->s->redis.url;
    char storage[CONFIG_SHOWN_MAX];

    if (str_eq(url, STR("embedded")))
        return;
    if (str_find(url, STR("@")) != SIZE_MAX) {
        diag_error(l->d, l->s->doc, node->mark,
                   "redis.url: a URL must not hold a user name or password: use "
                   "redis.username and redis.password");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        struct str scheme = str_from(schemes[i]);

        if (str_starts_with(url, scheme) && url.len > scheme.len)
            return;
    }
    diag_error(l->d, l->s->doc, node->mark,
               "redis.url: expected embedded, redis://HOST, rediss://HOST or unix:///PATH, got %s",
               shown(url, storage));
}

void settings_check_redis(const struct settings_loader *l, const struct config_node *redis)
{
    const struct config_node *url = config_get(redis, "url");
    const struct config_node *name_space = config_get(redis, "namespace");

    if (url)
        check_redis_url(l, url);
    if (name_space)
        settings_check_name(l, "redis.namespace", l->s->redis.name_space, name_space->mark);
}

/* ---- accounts and sources ------------------------------------------------------------------ */

static const struct account_settings *account_find(const struct settings *s, struct str name)
{
    for (size_t i = 0; i < s->n_accounts; i++) {
        if (str_eq(s->accounts[i].name, name))
            return &s->accounts[i];
    }
    return NULL;
}

static const char *account_nearest(const struct settings *s, struct str name)
{
    const char *names[SETTINGS_ACCOUNTS_MAX + 1] = {NULL};

    for (size_t i = 0; i < s->n_accounts; i++)
        names[i] = s->accounts[i].name.s;
    return str_nearest(name, names, sizeof(names[0]));
}

void settings_check_account(const struct settings_loader *l, const char *where,
                            const struct source_settings *source)
{
    const struct config_node *node = config_get(source->node, "account");
    const struct account_settings *account = account_find(l->s, source->account);
    const char *nearest;
    char storage[CONFIG_SHOWN_MAX];

    if (!node || source->account.len == 0)
        return;
    if (!account) {
        nearest = account_nearest(l->s, source->account);
        diag_error(l->d, l->s->doc, node->mark, "%s.account: there is no account %s%s%s%s", where,
                   shown(source->account, storage), nearest ? " (did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'?)" : "");
    } else if (account->type.len > 0 && source->type.len > 0 &&
               !str_eq(account->type, source->type)) {
        diag_error(l->d, l->s->doc, node->mark,
                   "%s.account: %s is an account of type '%.*s', not '%.*s'", where,
                   shown(source->account, storage), STR_FMT(account->type), STR_FMT(source->type));
    }
}

void settings_check_source_names(const struct settings_loader *l, const char *where,
                                 const struct brand_settings *brand)
{
    char storage[CONFIG_SHOWN_MAX];

    for (size_t i = 1; i < brand->n_sources; i++) {
        for (size_t j = 0; j < i; j++) {
            if (brand->sources[i].name.len == 0 ||
                !str_eq(brand->sources[i].name, brand->sources[j].name))
                continue;
            diag_error(l->d, l->s->doc, brand->sources[i].mark,
                       "%s: name %s is given twice, first in line %u", where,
                       shown(brand->sources[i].name, storage), brand->sources[j].mark.line);
            break;
        }
    }
}

/* ---- brands -------------------------------------------------------------------------------- */

/* Without a zone database at hand only the form is looked at. */
static bool is_time_zone(struct str name)
{
    char path[256];
    struct stat st;

    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.s[i]) && !strchr("_+/-", name.s[i]))
            return false;
    }
    if (name.len == 0 || name.s[0] == '/')
        return false;
    snprintf(path, sizeof(path), ZONES_DIR "/%.*s", STR_FMT(name));
    return stat(ZONES_DIR, &st) < 0 || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

/* "en", "pt-br", "zh-Hant". */
static bool is_language(struct str tag)
{
    struct str rest;
    struct str first = str_split(tag, '-', &rest);

    if (first.len < 2 || first.len > 3 || tag.len > 35)
        return false;
    for (size_t i = 0; i < first.len; i++) {
        if (first.s[i] < 'a' || first.s[i] > 'z')
            return false;
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (!isalnum((unsigned char)rest.s[i]) && rest.s[i] != '-')
            return false;
    }
    return true;
}

/* As the queue takes them: docs/queue.md, brand_configure. */
static bool is_agent(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.s[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || !strchr("._@-", c)))
            return false;
    }
    return text.len >= 1 && text.len <= NAME_LEN_MAX;
}

static void check_leads(const struct settings_loader *l, const char *where,
                        const struct config_node *node, const struct brand_settings *brand)
{
    const struct config_node *leads = config_get(node, "leads");
    char storage[CONFIG_SHOWN_MAX];

    for (size_t i = 0; leads && i < brand->leads.n; i++) {
        if (!is_agent(brand->leads.items[i]))
            diag_error(l->d, l->s->doc, leads->mark,
                       "%s.leads: %s is not an agent's name: 1 to %d of letters, digits, and . _ @ - "
                       "are allowed",
                       where, shown(brand->leads.items[i], storage), NAME_LEN_MAX);
    }
}

void settings_check_brand(const struct settings_loader *l, const char *where,
                          const struct config_node *node, const struct brand_settings *brand)
{
    const struct config_node *zone = config_get(node, "time_zone");
    const struct config_node *languages = config_get(node, "languages");
    char storage[CONFIG_SHOWN_MAX];

    check_leads(l, where, node, brand);
    if (zone && !is_time_zone(brand->time_zone))
        diag_error(l->d, l->s->doc, zone->mark, "%s.time_zone: there is no time zone %s", where,
                   shown(brand->time_zone, storage));
    for (size_t i = 0; languages && i < brand->languages.n; i++) {
        if (!is_language(brand->languages.items[i]))
            diag_error(l->d, l->s->doc, languages->mark,
                       "%s.languages: %s is not a language tag such as en or pt-br", where,
                       shown(brand->languages.items[i], storage));
    }
}

bool settings_has_own_account(const struct brand_settings *brand, const struct own_account *own)
{
    for (size_t i = 0; i < brand->n_own_accounts; i++) {
        if (str_eq(brand->own_accounts[i].network, own->network) &&
            str_eq_nocase(brand->own_accounts[i].handle, own->handle))
            return true;
    }
    return false;
}

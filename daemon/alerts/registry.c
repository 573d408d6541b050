/* All kinds of channels, and the channels of a configuration. */
#include <stdio.h>

#include "mentiond/alert.h"

#define TARGETS_ARENA_MAX ((size_t)1024 * 1024)
#define WHERE_MAX 256
#define NAME_MAX_LEN 64

extern const struct alert_channel alert_alertmanager, alert_discord, alert_email, alert_exec, alert_matrix,
    alert_mattermost, alert_ntfy, alert_pagerduty, alert_slack, alert_teams, alert_telegram, alert_webhook;

const struct alert_channel *const alert_channels[] = {
    &alert_alertmanager,
    &alert_discord,
    &alert_email,
    &alert_exec,
    &alert_matrix,
    &alert_mattermost,
    &alert_ntfy,
    &alert_pagerduty,
    &alert_slack,
    &alert_teams,
    &alert_telegram,
    &alert_webhook,
    NULL,
};

/* What every channel has, beside its own keys. */
struct common {
    struct str type;
    bool direct;
    int64_t per_minute;
};

#define AT(field) .offset = offsetof(struct common, field)

const struct option alert_channel_options[] = {
    {"type", OPTION_STRING, AT(type), .required = true, .min = 1, .max = 32,
     .help = "What kind of receiver it is; docs/alerts.md lists them."},
    {"direct", OPTION_BOOL, AT(direct), .def = "false",
     .help = "Also says redis.down and redis.up by itself when Redis does not answer for a minute."},
    {"per_minute", OPTION_INT, AT(per_minute), .min = 1, .max = 6000,
     .help = "Messages a minute at most; what waits is merged. Without it: what the receiver is known to "
             "take."},
    {0},
};

static const struct alert_channel *find_channel(struct str type)
{
    for (size_t i = 0; alert_channels[i]; i++) {
        if (str_eq(type, str_from(alert_channels[i]->name)))
            return alert_channels[i];
    }
    return NULL;
}

static void complain_type(const struct settings *settings, const struct config_node *map, const char *where,
                          struct str type, struct diag *d)
{
    const struct config_node *node = config_get(map, "type");
    const char *names[ARRAY_LEN(alert_channels)] = {NULL}, *nearest;

    for (size_t i = 0; alert_channels[i]; i++)
        names[i] = alert_channels[i]->name;
    nearest = str_nearest(type, names, sizeof(names[0]));
    if (nearest)
        diag_error(d, settings->doc, node->mark, "%s.type: unknown type '%.*s' (did you mean '%s'?)", where,
                   STR_FMT(type), nearest);
    else
        diag_error(d, settings->doc, node->mark, "%s.type: unknown type '%.*s'", where, STR_FMT(type));
}

static bool build(struct alert_targets *targets, struct alert_target *target, const struct settings *settings,
                  const struct config_node *map, struct diag *d)
{
    struct common common = {0};
    const struct option_target only_common = {alert_channel_options, &common};
    char where[WHERE_MAX];

    snprintf(where, sizeof(where), "alerts.channels.%.*s", STR_FMT(target->name));
    if (!options_decode_known(&only_common, 1, where, map, settings->doc, d))
        return false;
    target->channel = find_channel(common.type);
    if (!target->channel) {
        complain_type(settings, map, where, common.type, d);
        return false;
    }
    target->config = arena_zalloc(&targets->arena, target->channel->config_size);
    target->direct = common.direct;
    target->per_minute = common.per_minute ? common.per_minute : target->channel->per_minute;
    if (!target->config)
        return false;
    const struct option_target all[] = {{alert_channel_options, NULL},
                                        {target->channel->options, target->config}};

    return options_decode(all, ARRAY_LEN(all), where, map, settings->doc, d) &&
           (!target->channel->check || target->channel->check(target, settings, d));
}

static bool build_all(struct alert_targets *targets, const struct settings *settings, struct diag *d)
{
    const struct config_node *map = settings->alerts.channels;
    bool ok = true;

    if (!map || config_is_null(map))
        return true;
    if (map->kind != CONFIG_MAP || map->n > ALERT_CHANNELS_MAX) {
        diag_error(d, settings->doc, map->mark,
                   "alerts.channels: wanted: a map of at most %d channels by name", ALERT_CHANNELS_MAX);
        return false;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (map->keys[i]->value.len == 0 || map->keys[i]->value.len > NAME_MAX_LEN) {
            diag_error(d, settings->doc, map->keys[i]->mark,
                       "alerts.channels: wanted: names of 1 to %d bytes", NAME_MAX_LEN);
            return false;
        }
    }
    targets->items = arena_zalloc(&targets->arena, (map->n + 1) * sizeof(*targets->items));
    for (size_t i = 0; targets->items && i < map->n; i++) {
        struct alert_target *target = &targets->items[targets->n++];

        *target = (struct alert_target){.name = map->keys[i]->value, .mark = map->keys[i]->mark};
        ok = build(targets, target, settings, map->items[i], d) && ok;
    }
    return ok && targets->items;
}

struct alert_targets *alert_targets_create(const struct settings *settings, struct diag *d)
{
    struct alert_targets *targets = calloc(1, sizeof(*targets));

    if (!targets) {
        diag_error(d, NULL, (struct config_mark){0}, "alerts: out of memory");
        return NULL;
    }
    arena_init(&targets->arena, TARGETS_ARENA_MAX);
    if (build_all(targets, settings, d))
        return targets;
    alert_targets_destroy(targets);
    return NULL;
}

void alert_targets_destroy(struct alert_targets *targets)
{
    if (!targets)
        return;
    arena_finish(&targets->arena);
    free(targets);
}

const struct alert_target *alert_target_find(const struct alert_targets *targets, struct str name)
{
    for (size_t i = 0; i < targets->n; i++) {
        if (str_eq(targets->items[i].name, name))
            return &targets->items[i];
    }
    return NULL;
}

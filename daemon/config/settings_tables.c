/* Every key of config.yaml that is not a source type's own: kind, default, bounds and help.
 * Decoding, --help-config and the manual page are made from these tables, and a test compares the
 * shipped config.yaml with them.
 */
#include "config/settings_tables.h"

#include <stddef.h>

#include "mentiond/log.h"
#include "mentiond/mention.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

#define AT(type, field) .offset = offsetof(struct type, field)

const struct option settings_root_options[] = {
    {"state_dir", OPTION_STRING, AT(settings, state_dir), .def = "./state", .min = 1, .max = 4096,
     .help = "Folder for what the daemon keeps on disk: the embedded Redis and its lock. "
             "Relative to this file. Made if missing."},
    {"rules_path", OPTION_STRING, AT(settings, rules_path), .def = MENTIOND_DATA_DIR, .min = 1,
     .max = 4096,
     .help = "Folder where the rules of a brand are looked for when they are not beside this "
             "file."},
    {"generation", OPTION_INT, AT(settings, generation), .min = 1, .max = INT64_C(1) << 53,
     .help = "Number of this version of the file; where several daemons share a Redis the "
             "settings of the highest one hold. Without it: the time at which the file was "
             "last changed, in ms."},
    {0},
};

const struct option settings_root_node_options[] = {
    {"redis", OPTION_NODE, AT(settings_root_nodes, redis),
     .help = "Where the queue lives."},
    {"log", OPTION_NODE, AT(settings_root_nodes, log),
     .help = "What the daemon says, on standard error."},
    {"http", OPTION_NODE, AT(settings_root_nodes, http),
     .help = "How networks are asked, and where the daemon itself answers."},
    {"events", OPTION_NODE, AT(settings_root_nodes, events),
     .help = "The event stream of each brand."},
    {"alerts", OPTION_NODE, AT(settings_root_nodes, alerts),
     .help = "Who is told what happened, and how."},
    {"accounts", OPTION_NODE, AT(settings_root_nodes, accounts),
     .help = "Credentials by name. Sources that use the same account share its rate budget."},
    {"brands", OPTION_NODE, AT(settings_root_nodes, brands), .required = true,
     .help = "What is listened for, by name: 1 to 64 characters of a-z, 0-9, _ and -."},
    {0},
};

const struct option settings_redis_options[] = {
    {"url", OPTION_STRING, AT(redis_settings, url), .def = "embedded", .min = 1, .max = 2048,
     .help = "embedded: a private redis-server in state_dir, started and watched by the "
             "daemon. Else redis://HOST:PORT/DB, rediss:// (TLS) or unix:///PATH of a Redis 7 "
             "or Valkey with maxmemory-policy noeviction."},
    {"namespace", OPTION_STRING, AT(redis_settings, name_space), .def = "mentiond", .min = 1,
     .max = 64,
     .help = "First part of all keys: a-z, 0-9, _ and -. Two installations on one Redis need "
             "two."},
    {"username", OPTION_STRING, AT(redis_settings, username), .max = 256,
     .help = "ACL user; without it the default user."},
    {"password", OPTION_SECRET, AT(redis_settings, password),
     .help = "Password of the server."},
    {"ca_file", OPTION_STRING, AT(redis_settings, ca_file), .max = 4096,
     .help = "Certificates that rediss:// trusts, instead of the system's. Relative to this "
             "file."},
    {"connect_timeout", OPTION_DURATION, AT(redis_settings, connect_timeout_ms), .def = "5s",
     .min = 100, .max = MINUTE_MS,
     .help = "For connecting, TLS and signing in together."},
    {"command_timeout", OPTION_DURATION, AT(redis_settings, command_timeout_ms), .def = "10s",
     .min = 100, .max = 5 * MINUTE_MS,
     .help = "How old an unanswered command may get before the connection counts as lost."},
    {"max_memory", OPTION_SIZE, AT(redis_settings, max_memory), .def = "1G", .min = 16 << 20,
     .max = INT64_C(1) << 40,
     .help = "Of the embedded server; 1 GiB is about 600 thousand waiting mentions."},
    {0},
};

static const char *const log_formats[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json", NULL};
static const char *const log_levels[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL,
};

const struct option settings_log_options[] = {
    {"format", OPTION_ENUM, AT(log_settings, format), .def = "text", .choices = log_formats,
     .help = "Lines for people or for machines."},
    {"level", OPTION_ENUM, AT(log_settings, level), .def = "info", .choices = log_levels,
     .help = "error: somebody must act. warn: the daemon coped. info: a few lines an hour. "
             "debug: every request."},
    {"debug", OPTION_LIST, AT(log_settings, debug), .max = LOG_DEBUG_MODULES_MAX,
     .help = "Modules whose debug lines are wanted whatever the level, such as net or poller; "
             "all is all."},
    {0},
};

const struct option settings_http_options[] = {
    {"listen", OPTION_STRING, AT(http_settings, listen), .max = 120,
     .help = "Where the daemon itself answers: /healthz, /readyz and what push sources take. A port (of "
             "this machine only), ADDRESS:PORT or unix:PATH. Without it: nowhere. There is no TLS: leave "
             "that to a reverse proxy."},
    {"timeout", OPTION_DURATION, AT(http_settings, timeout_ms), .def = "30s", .min = 100,
     .max = 10 * MINUTE_MS,
     .help = "For one request with its redirects."},
    {"connect_timeout", OPTION_DURATION, AT(http_settings, connect_timeout_ms), .def = "10s",
     .min = 100, .max = 5 * MINUTE_MS,
     .help = "For name, connection and TLS together."},
    {"max_body", OPTION_SIZE, AT(http_settings, max_body), .def = "8M", .min = 16 << 10,
     .max = 256 << 20,
     .help = "Largest answer that is taken, after decompression."},
    {"ca_file", OPTION_STRING, AT(http_settings, ca_file), .max = 4096,
     .help = "Certificates that are trusted instead of the system's. Relative to this file. "
             "TLS is always verified."},
    {"user_agent", OPTION_STRING, AT(http_settings, user_agent),
     .def = "mentiond/" MENTIOND_VERSION, .min = 1, .max = 256,
     .help = "How the daemon names itself. Some networks want a way to reach you in it."},
    {"allow_private", OPTION_BOOL, AT(http_settings, allow_private), .def = "false",
     .help = "May every source ask addresses that are not public: this machine's, the local network's. "
             "Rather allow it to the one source that needs it."},
    {0},
};

const struct option settings_events_options[] = {
    {"keep", OPTION_DURATION, AT(settings, events_keep_ms), .def = "7d", .min = 2 * HOUR_MS,
     .max = 366 * DAY_MS,
     .help = "How long events are kept for readers that are behind."},
    {"keep_entries", OPTION_INT, AT(settings, events_keep_entries), .def = "1000000", .min = 10000,
     .max = 1000000000,
     .help = "How many are kept at most, of each brand."},
    {0},
};

const struct option settings_alerts_options[] = {
    {"channels", OPTION_NODE, AT(alert_settings, channels),
     .help = "Receivers by name: chat rooms, pagers, addresses, programs."},
    {"routes", OPTION_NODE, AT(alert_settings, routes),
     .help = "Which events go to which channels; the first that matches takes an event."},
    {"silences", OPTION_NODE, AT(alert_settings, silences),
     .help = "What is not told for a while. mentionctl silence adds others."},
    {"direct_after", OPTION_DURATION, AT(alert_settings, direct_after_ms), .def = "60s", .min = SECOND_MS, .max = DAY_MS,
     .help = "When Redis has not answered for so long, channels with `direct: true` say so, without it."},
    {0},
};

const struct option settings_account_options[] = {
    {"type", OPTION_STRING, AT(account_settings, type), .required = true, .min = 1, .max = 64,
     .help = "The network, as in the sources that use it."},
    {"units_per_day", OPTION_INT, AT(account_settings, units_per_day), .min = 1, .max = INT64_C(1) << 40,
     .help = "Quota of the account in the network's own units (requests, where it has none). Polls are "
             "spaced so that it lasts the day. Without it: what the network itself says."},
    {"day_starts", OPTION_DURATION, AT(account_settings, day_starts_ms), .def = "0s", .min = 0,
     .max = DAY_MS - 1,
     .help = "When that day begins, after midnight UTC; YouTube's begins at 8h."},
    {"usd_per_month", OPTION_INT, AT(account_settings, usd_per_month), .min = 1, .max = 1000000,
     .help = "What may be spent on a network that charges for reading, in whole dollars a calendar "
             "month (UTC). Polls are spaced so that it lasts the month."},
    {0},
};

static const char *const queue_none_choices[] = {"addressed", "all", "never", NULL};
static const char *const outages_choices[] = {"off", "on", "shadow", NULL};

const struct option settings_brand_options[] = {
    {"terms", OPTION_LIST, AT(brand_settings, terms), .required = true, .min = 1, .max = 100,
     .help = "Words that make a post a mention of this brand. '@acme' and '#acme' need quotes."},
    {"exclude", OPTION_LIST, AT(brand_settings, exclude), .max = 100,
     .help = "Words that make it none, whatever else it says."},
    {"time_zone", OPTION_STRING, AT(brand_settings, time_zone), .def = "UTC", .min = 1, .max = 64,
     .help = "Where a day of this brand begins and ends, such as Europe/London."},
    {"languages", OPTION_LIST, AT(brand_settings, languages), .def = "[en]", .min = 1, .max = 16,
     .help = "Languages with a queue of their own, for claim --lang; all the others share one."},
    {"lease", OPTION_DURATION, AT(brand_settings, lease_ms), .def = "10m", .min = SECOND_MS,
     .max = DAY_MS,
     .help = "How long a claim holds without any act of its agent before the mention goes back "
             "to the queue."},
    {"leads", OPTION_LIST, AT(brand_settings, leads), .max = SETTINGS_LEADS_MAX,
     .help = "Agents who may also assign, escalate and reopen what others hold."},
    {"max_claims", OPTION_INT, AT(brand_settings, max_claims), .def = "10", .min = 1, .max = 1000,
     .help = "How many mentions one agent may hold."},
    {"horizon", OPTION_DURATION, AT(brand_settings, horizon_ms), .def = "35d", .min = DAY_MS,
     .max = 366 * DAY_MS,
     .help = "Older posts are not taken in; as long, ids are remembered, so nothing comes "
             "twice."},
    {"reopen_window", OPTION_DURATION, AT(brand_settings, reopen_window_ms), .def = "72h",
     .min = SECOND_MS,
     .max = 366 * DAY_MS,
     .help = "How long after the last act a customer's answer goes to the agent who dealt with "
             "the case."},
    {"queue_none", OPTION_ENUM, AT(brand_settings, queue_none), .def = "addressed",
     .choices = queue_none_choices,
     .help = "Which mentions that are neither outage, complaint nor praise wait for an agent: "
             "those that speak to the brand, all, or none."},
    {"rules", OPTION_LIST, AT(brand_settings, rules), .def = "[rules]", .min = 1, .max = 64,
     .help = "Rule packs: folders or files, beside this file or in rules_path."},
    {"outages", OPTION_ENUM, AT(brand_settings, outages), .def = "on", .choices = outages_choices,
     .help = "Whether outages are looked for: on, shadow (found and listed, but nobody is told) or "
             "off."},
    {"outage_people", OPTION_INT, AT(brand_settings, outage_people), .def = "0", .min = 0, .max = 100000,
     .help = "How many distinct people within an hour an outage takes at least. 0: as few as the detector "
             "finds unlikely, for a quiet brand three."},
    {"rivals", OPTION_LIST, AT(brand_settings, rivals), .max = 1000,
     .help = "Other companies: who names one reports no outage of this brand."},
    {"places", OPTION_STRING, AT(brand_settings, places), .max = 4096,
     .help = "File of the places where the brand has customers: a map of code to names and "
             "aliases. Relative to this file. Without it: countries and big cities, from "
             "places/world.yaml of what is installed."},
    {0},
};

const struct option settings_brand_node_options[] = {
    {"own_accounts", OPTION_NODE, AT(settings_brand_nodes, own_accounts),
     .help = "The brand's own accounts, a list for each network. Their posts are no work; "
             "their answers mark a mention answered."},
    {"targets", OPTION_NODE, AT(settings_brand_nodes, targets),
     .help = "By when somebody should have answered, by class."},
    {"sources", OPTION_NODE, AT(settings_brand_nodes, sources),
     .help = "Where to listen: a list."},
    {0},
};

#define TARGET(name, class, text, words)                                                           \
    {name, OPTION_DURATION, AT(brand_settings, target_ms[class]), .def = text, .min = SECOND_MS,   \
     .max = 30 * DAY_MS, .help = words}

const struct option settings_targets_options[] = {
    TARGET("outage", CLASS_OUTAGE, "5m", "For reports that something does not work."),
    TARGET("complaint", CLASS_COMPLAINT, "15m", "For complaints."),
    TARGET("praise", CLASS_PRAISE, "4h", "For praise."),
    TARGET("none", CLASS_NONE, "4h", "For the rest, where queue_none lets it wait at all."),
    {0},
};

const struct option settings_source_options[] = {
    {"name", OPTION_STRING, AT(source_settings, name), .required = true, .min = 1, .max = 64,
     .help = "Your name for it, once in each brand: a-z, 0-9, _ and -."},
    {"type", OPTION_STRING, AT(source_settings, type), .required = true, .min = 1, .max = 64,
     .help = "The network. Each has further keys: see its section."},
    {"account", OPTION_STRING, AT(source_settings, account), .max = 64,
     .help = "Which of the accounts it signs in with; some networks need none."},
    {"interval", OPTION_DURATION, AT(source_settings, interval_ms), .min = 100, .max = DAY_MS,
     .help = "How often it is asked; shorter while mentions arrive. Without it: what suits the "
             "network."},
    {"interval_min", OPTION_DURATION, AT(source_settings, interval_min_ms), .min = 100, .max = DAY_MS,
     .help = "The shortest that the interval becomes, while mentions arrive or an outage is open. "
             "Without it: a quarter of the interval."},
    {"interval_max", OPTION_DURATION, AT(source_settings, interval_max_ms), .min = 100, .max = DAY_MS,
     .help = "The longest that it becomes while none do. Without it: the interval itself."},
    {"overlap", OPTION_DURATION, AT(source_settings, overlap_ms), .min = 0, .max = 7 * DAY_MS,
     .help = "How much is read again each time, for networks whose index lags. Without it: "
             "what suits the network."},
    {"max_pages", OPTION_INT, AT(source_settings, max_pages), .min = 1, .max = 10000,
     .help = "Pages of one poll; the rest waits for the next. Without it: what suits the "
             "network."},
    {"backfill", OPTION_DURATION, AT(source_settings, backfill_ms), .def = "24h", .min = 0,
     .max = 366 * DAY_MS,
     .help = "How far back the very first poll reads. What it finds never alerts."},
    {"max_per_minute", OPTION_INT, AT(source_settings, max_per_minute), .min = 1, .max = 1000000,
     .help = "New mentions that it may bring in a minute. A term that floods is read more slowly, "
             "which is said; nothing is dropped. Without it: 3000, for files and programs no limit."},
    {"recheck", OPTION_DURATION, AT(source_settings, recheck_ms), .min = SECOND_MS, .max = 30 * DAY_MS,
     .help = "How often each of the last 100 mentions is looked up again, where a network tells of "
             "deletions only when asked. Without it: 1h, and 24h where reading is charged for."},
    {"allow_private", OPTION_BOOL, AT(source_settings, allow_private), .def = "false",
     .help = "May it ask addresses that are not public: this machine's, the local network's. False keeps a "
             "URL or a redirect from reaching what only this machine can."},
    {"enabled", OPTION_BOOL, AT(source_settings, enabled), .def = "true",
     .help = "false: checked, but not asked."},
    {0},
};

const struct settings_section settings_sections[] = {
    {"", "", settings_root_options, "At the top"},
    {"", "", settings_root_node_options, NULL},
    {"redis", "redis", settings_redis_options, "The queue"},
    {"log", "log", settings_log_options, "The log"},
    {"http", "http", settings_http_options, "Requests to networks, and the daemon's own server"},
    {"events", "events", settings_events_options, "Events"},
    {"alerts", "alerts", settings_alerts_options, "Alerts"},
    {"accounts.NAME", "accounts", settings_account_options, "Accounts"},
    {"brands.NAME", "brands", settings_brand_options, "Brands"},
    {"brands.NAME", "brands", settings_brand_node_options, NULL},
    {"brands.NAME.targets", "brands", settings_targets_options, "Targets of a brand"},
    {"brands.NAME.sources[]", "brands", settings_source_options, "Sources of a brand"},
    {0},
};

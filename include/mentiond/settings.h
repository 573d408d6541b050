/* config.yaml as structs: everything but what belongs to single source types, whose own keys are
 * decoded by the sources module from `node`. */
#ifndef MENTIOND_SETTINGS_H
#define MENTIOND_SETTINGS_H

#include "mentiond/config.h"

#define SETTINGS_BRANDS_MAX 256
#define SETTINGS_LEADS_MAX 256
#define SETTINGS_SOURCES_MAX 256 /* of one brand */
#define SETTINGS_ACCOUNTS_MAX 256
#define SETTINGS_OWN_ACCOUNTS_MAX 1000 /* of one brand, all networks together */

struct redis_settings {
    struct str url; /* "embedded", redis://, rediss://, unix:// */
    struct str name_space;
    struct secret password;
    struct str username;
    struct str ca_file;
    int64_t connect_timeout_ms, command_timeout_ms;
    int64_t max_memory; /* bytes, of the embedded server */
};

struct log_settings {
    int format; /* enum log_format */
    int level;  /* enum log_level */
    struct str_list debug;
};

struct http_settings { /* the client, and where the server listens */
    int64_t timeout_ms, connect_timeout_ms;
    int64_t max_body; /* bytes, after decompression */
    struct str ca_file;
    struct str user_agent;
    bool allow_private; /* of every source */
    struct str listen;  /* the server's address; "": there is none */
};

struct account_settings {
    struct str name;
    struct str type; /* name of a source driver */
    int64_t units_per_day;  /* 0: no quota of ours */
    int64_t day_starts_ms;  /* after midnight UTC: when units_per_day begins anew */
    int64_t usd_per_month;  /* 0: no quota of ours */
    const struct config_node *node;
};

struct source_settings {
    struct str name;
    struct str type;     /* name of a source driver */
    struct str account;  /* may be empty */
    int64_t interval_ms; /* 0: the driver's default */
    int64_t interval_min_ms, interval_max_ms; /* 0: derived from the interval */
    int64_t overlap_ms;  /* -1: the driver's default */
    int64_t max_pages;   /* of one poll; 0: the driver's default */
    int64_t backfill_ms; /* how far back the first run goes */
    int64_t max_per_minute; /* new mentions; 0: what suits the kind of source */
    int64_t recheck_ms;     /* how often each of the last mentions is looked up again; 0: by the tariff */
    bool allow_private; /* may ask addresses that are not public */
    bool enabled;
    const struct config_node *node; /* the whole map */
    struct config_mark mark;
};

struct own_account {
    struct str network, handle;
};

enum outages_mode { OUTAGES_OFF, OUTAGES_ON, OUTAGES_SHADOW };

struct brand_settings {
    struct str name;
    struct str_list terms, exclude;
    struct own_account *own_accounts;
    size_t n_own_accounts;
    struct str time_zone;
    struct str_list languages;
    int64_t target_ms[4]; /* by enum mention_class */
    int64_t lease_ms;
    struct str_list leads; /* agents with the role */
    int64_t max_claims;
    int64_t horizon_ms;
    int64_t reopen_window_ms;
    int queue_none;        /* 0 addressed, 1 all, 2 never */
    struct str_list rules; /* as written: settings_rules_path() finds them */
    int outages;           /* enum outages_mode */
    int64_t outage_people; /* within an hour it takes at least; 0: as the detector finds */
    struct str_list rivals;
    struct str places; /* a file, as written; may be empty */
    struct source_settings *sources;
    size_t n_sources;
    struct config_mark mark;
};

/* Decoded by the alerts module. NULL where the file has none. */
struct alert_settings {
    const struct config_node *channels, *routes, *silences;
    int64_t direct_after_ms;
};

struct settings {
    struct config_doc *doc; /* owned; all text is borrowed from it */
    struct str state_dir;   /* absolute, or relative to the config file's folder */
    struct str rules_path; /* folder of "rules/en" when the config's folder has none */
    int64_t generation; /* config key, else the file's mtime in ms */
    int64_t events_keep_ms, events_keep_entries;
    struct redis_settings redis;
    struct log_settings log;
    struct http_settings http_client;
    struct alert_settings alerts;
    struct account_settings *accounts;
    size_t n_accounts;
    struct brand_settings *brands;
    size_t n_brands;
};

/* The keys that every source and every account has. settings_load() decodes them and leaves all
 * others in `node` to the driver, which decodes {{settings_source_options, NULL}, {its own, its
 * struct}}: so a key that is neither is an unknown one. */
extern const struct option settings_source_options[];
extern const struct option settings_account_options[];

/* Finds the file: `path`, else $MENTIOND_CONFIG, ./config.yaml, /etc/mentiond/config.yaml. The
 * first two are taken at their word: loading says what is wrong with them. Returns NULL with an
 * error naming the places looked at. Borrowed. */
const char *settings_find(const char *path, struct error *err);

/* Loads and checks. NULL when anything is wrong, with all of it in `d`. */
struct settings *settings_load(const char *path, struct diag *d);
/* The same for who has more to check (sources, rules) and wants all that is wrong in one run: NULL
 * only when there is nothing to go on with. d->n_errors says whether the settings may be used. */
struct settings *settings_read(const char *path, struct diag *d);
void settings_destroy(struct settings *s);

/* A path of the config made absolute against the config file's folder. Lives in the doc's arena. */
struct str settings_path(const struct settings *s, struct str path);

/* Where a rule pack or file is: in the config file's folder if it is there, else under rules_path.
 * Absolute, in the doc's arena; that it exists is not promised. */
struct str settings_rules_path(const struct settings *s, struct str pack);

const struct brand_settings *settings_brand(const struct settings *s, struct str name);

/* Every key with kind, default, bounds and help. `format`: "text" or "man". */
void settings_print_help(const char *format, FILE *out);

#endif

/* What a brand is seen through: its rivals, and its places from a file of its own, else from the one that
 * ships. YAML, so that every mistake has its line.
 *
 *     uk-north:
 *       names: [Manchester, Leeds, "the North West"]
 *       aliases: [LS1, MCR]
 */
#include <stddef.h>
#include <unistd.h>

#include "mentiond/outage.h"
#include "mentiond/settings.h"

#define CODE_MAX 64
#define NAMES_OF_CODE_MAX 10000
#define WHERE_MAX 128
#define WORLD "places/world.yaml"

struct place {
    struct str_list names, aliases;
};

static const struct option place_options[] = {
    {"names", OPTION_LIST, offsetof(struct place, names), .required = true, .min = 1,
     .max = NAMES_OF_CODE_MAX, .help = "What people call it, and what lies in it."},
    {"aliases", OPTION_LIST, offsetof(struct place, aliases), .max = NAMES_OF_CODE_MAX,
     .help = "Other spellings, short forms, post codes."},
    {0},
};

static void add_names(struct gazetteer *g, struct str code, const struct str_list *names,
                      const struct config_doc *doc, struct config_mark mark, struct diag *d)
{
    struct error err;

    for (size_t i = 0; i < names->n; i++) {
        if (gazetteer_add(g, code, names->items[i], &err) < 0)
            diag_error(d, doc, mark, "%.*s: %s", STR_FMT(code), err.text);
    }
}

static void add_place(struct gazetteer *g, const struct config_node *key,
                      const struct config_node *node, struct config_doc *doc, struct diag *d)
{
    struct place place = {0};
    struct option_target target = {place_options, &place};
    char where[WHERE_MAX];

    if (key->value.len == 0 || key->value.len > CODE_MAX) {
        diag_error(d, doc, key->mark, "a code has 1 to %d bytes", CODE_MAX);
        return;
    }
    snprintf(where, sizeof(where), "%.*s", STR_FMT(key->value));
    options_decode(&target, 1, where, node, doc, d);
    add_names(g, key->value, &place.names, doc, key->mark, d);
    add_names(g, key->value, &place.aliases, doc, key->mark, d);
}

struct gazetteer *gazetteer_load(const char *path, struct diag *diag)
{
    size_t n_before = diag->n_errors;
    struct config_doc *doc = config_doc_load(path, diag);
    struct gazetteer *g = NULL;
    struct error err;

    if (!doc)
        return NULL;
    if (doc->root->kind != CONFIG_MAP)
        diag_error(diag, doc, doc->root->mark, "expected a map of codes to places, got %s",
                   config_kind_shown(doc->root));
    else if (gazetteer_create(&g, &err) < 0)
        diag_error(diag, doc, doc->root->mark, "%s", err.text);
    for (size_t i = 0; g && i < doc->root->n; i++)
        add_place(g, doc->root->keys[i], doc->root->items[i], doc, diag);
    config_doc_destroy(doc);
    if (diag->n_errors == n_before)
        return g;
    gazetteer_destroy(g);
    return NULL;
}

static struct gazetteer *load_rivals(const struct settings *s, const struct brand_settings *brand,
                                     struct diag *diag)
{
    struct gazetteer *g;
    struct error err;

    if (gazetteer_create(&g, &err) < 0) {
        diag_error(diag, s->doc, brand->mark, "%s", err.text);
        return NULL;
    }
    for (size_t i = 0; i < brand->rivals.n; i++) {
        if (gazetteer_add(g, STR("rival"), brand->rivals.items[i], &err) < 0)
            diag_error(diag, s->doc, brand->mark, "brands.%.*s.rivals: %s", STR_FMT(brand->name),
                       err.text);
    }
    return g;
}

/* The file that ships is found as rule packs are; where it is not installed outages have no place. */
static struct gazetteer *load_world(const struct settings *s, struct diag *diag)
{
    struct str path = settings_rules_path(s, STR(WORLD));

    return path.s && access(path.s, R_OK) == 0 ? gazetteer_load(path.s, diag) : NULL;
}

bool outage_lens_load(struct outage_lens *lens, const struct settings *settings,
                      const struct brand_settings *brand, struct diag *diag)
{
    size_t n_before = diag->n_errors;
    struct str path;

    *lens = (struct outage_lens){NULL, NULL};
    if (brand->rivals.n > 0)
        lens->rivals = load_rivals(settings, brand, diag);
    if (brand->places.len > 0) {
        path = settings_path(settings, brand->places);
        lens->places = path.s ? gazetteer_load(path.s, diag) : NULL;
    } else if (brand->outages != OUTAGES_OFF) {
        lens->places = load_world(settings, diag);
    }
    return diag->n_errors == n_before && (lens->places || brand->places.len == 0);
}

void outage_lens_finish(struct outage_lens *lens)
{
    gazetteer_destroy(lens->places);
    gazetteer_destroy(lens->rivals);
    *lens = (struct outage_lens){NULL, NULL};
}

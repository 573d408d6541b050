/* Finding rule packs: on the command line, in the configuration, or where they were installed. */
#include "packs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "mentiond/settings.h"

#define ARENA_MAX (1024 * 1024)

void packs_init(struct packs *packs)
{
    *packs = (struct packs){0};
    arena_init(&packs->arena, ARENA_MAX);
}

void packs_finish(struct packs *packs)
{
    settings_destroy(packs->settings);
    arena_finish(&packs->arena);
}

static int add_path(struct packs *packs, struct str path, struct error *err)
{
    for (size_t i = 0; i < packs->n; i++) {
        if (str_eq(packs->paths[i], path))
            return 0;
    }
    if (packs->n == PACK_PATHS_MAX)
        return error_set(err, -E2BIG, "more than %d rule paths", PACK_PATHS_MAX);
    packs->paths[packs->n++] = path;
    return 0;
}

/* The sub-folders of `folder`, one a language. */
static int add_languages(struct packs *packs, const char *folder, struct error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int r = 0;

    if (!dir)
        return 0;
    while (r == 0 && (entry = readdir(dir))) {
        struct str path;

        if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
            continue;
        path = arena_printf(&packs->arena, "%s/%s", folder, entry->d_name);
        r = path.s ? add_path(packs, path, err) : error_oom(err);
    }
    closedir(dir);
    return r;
}

static int add_shipped(struct packs *packs, struct error *err)
{
    static const char *const folders[] = {"rules", MENTIOND_RULES_DIR};

    for (size_t i = 0; i < ARRAY_LEN(folders) && packs->n == 0; i++) {
        int r = add_languages(packs, folders[i], err);

        if (r < 0)
            return r;
    }
    if (packs->n == 0)
        return error_set(
            err, -ENOENT,
            "no rule packs: none named, no configuration found, and neither ./rules nor %s "
            "has any",
            MENTIOND_RULES_DIR);
    return 0;
}

static int add_brand(struct packs *packs, const struct brand_settings *brand, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < brand->rules.n && r == 0; i++)
        r = add_path(packs, settings_rules_path(packs->settings, brand->rules.items[i]), err);
    return r;
}

static int add_configured(struct packs *packs, const struct ctl *ctl, const char *config,
                          struct error *err)
{
    const struct brand_settings *brand;
    int r = ctl_load_settings(config, &packs->settings, err);

    if (r < 0)
        return r;
    if (ctl->common.brand.s) {
        r = ctl_find_brand(packs->settings, ctl->common.brand, &brand, err);
        return r < 0 ? r : add_brand(packs, brand, err);
    }
    for (size_t i = 0; i < packs->settings->n_brands && r == 0; i++)
        r = add_brand(packs, &packs->settings->brands[i], err);
    if (r == 0 && packs->n == 0)
        return error_set(err, -ENOENT, "no rule packs: %s names none under brands.*.rules", config);
    return r;
}

int packs_find(struct packs *packs, const struct ctl *ctl, const struct str *given, size_t n_given,
               struct error *err)
{
    const char *config;
    int r = 0;

    for (size_t i = 0; i < n_given && r == 0; i++)
        r = add_path(packs, given[i], err);
    if (n_given > 0)
        return r;
    config = settings_find(ctl->common.config.s, err);
    if (config)
        return add_configured(packs, ctl, config, err);
    if (ctl->common.config.s)
        return err->code;
    return add_shipped(packs, err);
}

struct ruleset *packs_load(const struct packs *packs, enum rule_engine engine, struct error *err)
{
    struct ruleset *set;
    struct diag d;

    diag_init(&d);
    set = ruleset_load(packs->paths, packs->n, engine, &d);
    if (d.n_items > 0)
        diag_print(&d, "rules", stderr);
    if (!set)
        error_set(err, -EINVAL, "the rules cannot be used");
    diag_finish(&d);
    return set;
}

int packs_of_words(struct packs *packs, const struct ctl *ctl, struct error *err)
{
    struct str given[WORDS_MAX];

    for (size_t i = 0; i < ctl->words.n; i++)
        given[i] = str_from(ctl->words.items[i]);
    return packs_find(packs, ctl, given, ctl->words.n, err);
}

void packs_print_messages(const struct diag *d, bool warnings, struct buf *out)
{
    bool first = true;

    buf_append_char(out, '[');
    for (size_t i = 0; i < d->n_items; i++) {
        if (d->items[i].warning != warnings)
            continue;
        if (!first)
            buf_append_char(out, ',');
        first = false;
        buf_append_json(out, str_from(d->items[i].text));
    }
    buf_append_char(out, ']');
}

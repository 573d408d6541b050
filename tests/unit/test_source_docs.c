/* docs/sources.md against the drivers' tables: it names every type once in each of its tables, with the
 * intervals and look-ups that the driver has, and explains each of its options. */
#include "source_rig.h"

#define PAGE_MAX (1024 * 1024)
#define CELLS_MAX 8

static char page_text[PAGE_MAX];
static struct str page;

static int read_page(void **state)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    char path[1024];
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/sources.md", root ? root : ".");
    f = fopen(path, "rb");
    if (!f)
        return -1;
    page = (struct str){page_text, fread(page_text, 1, PAGE_MAX, f)};
    fclose(f);
    return 0;
}

/* The cells of the type's row below the header that begins so; 0: there is none, or more than one. */
static size_t find_row(const char *header, const char *type, struct str cells[CELLS_MAX])
{
    size_t at = str_find(page, str_from(header)), n = 0, n_rows = 0;
    struct str line, rest = str_slice(page, at == SIZE_MAX ? page.len : at, page.len);
    char begin[64];

    snprintf(begin, sizeof(begin), "| `%s` |", type);
    for (line = str_split(rest, '\n', &rest); line.len > 0; line = str_split(rest, '\n', &rest)) {
        if (!str_starts_with(line, str_from(begin)))
            continue;
        n_rows++;
        str_split(line, '|', &line);
        for (n = 0; line.len > 0 && n < CELLS_MAX; n++)
            cells[n] = str_trim(str_split(line, '|', &line));
    }
    return n_rows == 1 ? n : 0;
}

/* The section whose heading names the type, alone or with others. */
static struct str find_section(const char *type)
{
    struct str line, rest = page, section = STR("");
    bool inside = false;

    while (rest.len > 0) {
        line = str_split(rest, '\n', &rest);
        if (str_starts_with(line, STR("## ")))
            inside = str_find(line, str_from(type)) != SIZE_MAX;
        if (inside)
            section =
                section.len > 0 ? (struct str){section.s, (size_t)(line.s + line.len - section.s)} : line;
    }
    return section;
}

/* As the page writes spans: seconds below two minutes, then minutes. */
static void span_text(int64_t ms, char ret[32])
{
    if (ms < 120000)
        snprintf(ret, 32, "%g s", (double)ms / 1000);
    else
        snprintf(ret, 32, "%g min", (double)ms / 60000);
}

static void test_needs_and_intervals(void **state)
{
    (void)state;
    for (size_t i = 0; source_drivers[i]; i++) {
        const struct source_driver *driver = source_drivers[i];
        struct str cells[CELLS_MAX];
        char usual[32], least[32], want[80];

        if (find_row("| type | needs |", driver->name, cells) != 5)
            fail_msg("docs/sources.md: no row of 5 cells, or two, of %s in the first table", driver->name);
        span_text(driver->interval_ms, usual);
        span_text(driver->interval_min_ms, least);
        snprintf(want, sizeof(want), "%s (%s)", usual, least);
        if (driver->inlet) /* nobody is asked */
            snprintf(want, sizeof(want), "as they come");
        if (!str_eq(cells[3], str_from(want)))
            fail_msg("docs/sources.md: %s: interval %.*s, the driver has %s", driver->name, STR_FMT(cells[3]),
                     want);
        if (driver->needs_account && str_starts_with(cells[1], STR("nothing")))
            fail_msg("docs/sources.md: %s needs an account", driver->name);
        if (!driver->needs_account && driver->account_options && str_eq(cells[1], STR("nothing")))
            fail_msg("docs/sources.md: %s may have an account", driver->name);
    }
}

static void test_deletions(void **state)
{
    (void)state;
    for (size_t i = 0; source_drivers[i]; i++) {
        const struct source_driver *driver = source_drivers[i];
        char want[64] = "looked up, one a request";
        struct str cells[CELLS_MAX];
        bool says;

        if (find_row("| type | deletions |", driver->name, cells) != 5)
            fail_msg("docs/sources.md: no row of 5 cells, or two, of %s in the second table", driver->name);
        if (driver->lookup_max > 1)
            snprintf(want, sizeof(want), "looked up, %zu a request", driver->lookup_max);
        says = str_starts_with(cells[1], driver->lookup_max > 0 ? str_from(want) : STR("looked up"));
        if (says != (driver->lookup_max > 0))
            fail_msg("docs/sources.md: %s: deletions: %.*s, the driver looks up %zu a request", driver->name,
                     STR_FMT(cells[1]), driver->lookup_max);
    }
}

static void check_options(const char *type, const struct option *options)
{
    struct str section = find_section(type);

    for (; options && options->key; options++) {
        char want[80];

        snprintf(want, sizeof(want), "`%s`", options->key);
        if (str_find(section, str_from(want)) == SIZE_MAX)
            fail_msg("docs/sources.md: the section of %s says nothing of %s", type, want);
    }
}

static void test_options(void **state)
{
    (void)state;
    for (size_t i = 0; source_drivers[i]; i++) {
        check_options(source_drivers[i]->name, source_drivers[i]->options);
        check_options(source_drivers[i]->name, source_drivers[i]->account_options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_needs_and_intervals),
        cmocka_unit_test(test_deletions),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests_name("source_docs", tests, read_page, NULL);
}

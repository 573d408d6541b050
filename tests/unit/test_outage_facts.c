/* From mentions to facts: names in texts, places from files, what is a report and what is none. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config_testing.h"
#include "mentiond/outage.h"
#include "mentiond/settings.h"

static struct gazetteer *make(const char *const (*names)[2], size_t n)
{
    struct gazetteer *g;
    struct error err;

    assert_int_equal(gazetteer_create(&g, &err), 0);
    for (size_t i = 0; i < n; i++) {
        if (gazetteer_add(g, str_from(names[i][0]), str_from(names[i][1]), &err) < 0)
            fail_msg("%s", err.text);
    }
    return g;
}

static const char *const towns[][2] = {
    {"north", "Leeds"},     {"north", "LS1"},         {"east", "York"},      {"far", "New York"},
    {"isle", "l'Île-de-France"}, {"south", "Málaga"}, {"south", "Saint-Étienne"}, {"west", "東京"},
    {"river", "Straße"},
};

static void test_names_in_texts(void **state)
{
    static const char *const cases[][2] = {
        {"no internet in Leeds since 9", "north"},
        {"#leeds is down", "north"},
        {"LEEDS!!", "north"},
        {"(ls1) nothing works", "north"},
        {"leedsish", ""},
        {"cleeds", ""},
        {"york and new york", "east"},
        {"new york and york", "far"},
        {"new yorkers", ""},
        {"#NewYork dark", "far"},
        {"panne en l’Ile de France", "isle"},
        {"caída en malaga", "south"},
        {"MA\xcc\x81LAGA", "south"}, /* a combining accent */
        {"saint etienne", "south"},
        {"東京 down", "west"},
        {"STRASSE", "river"},
        {"", ""},
        {"\xff\xfe leeds", ""}, /* no UTF-8: no text */
    };
    struct gazetteer *g = make(towns, ARRAY_LEN(towns));

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str code = gazetteer_find(g, str_from(cases[i][0]));

        if (!str_eq(code, str_from(cases[i][1])))
            fail_msg("'%s': got '%.*s'", cases[i][0], STR_FMT(code));
    }
    assert_true(gazetteer_has_code(g, STR("north")));
    assert_false(gazetteer_has_code(g, STR("leeds")));
    gazetteer_destroy(g);
}

static void test_names_that_cannot_be(void **state)
{
    struct gazetteer *g = make(towns, ARRAY_LEN(towns));
    struct error err;

    (void)state;
    assert_int_equal(gazetteer_add(g, STR("x"), STR("!!"), &err), -EINVAL);
    assert_int_equal(gazetteer_add(g, STR("x"), STR("a b c d e f g"), &err), -EINVAL);
    assert_int_equal(gazetteer_add(g, STR("x"), STR("leeds"), &err), -EEXIST);
    assert_non_null(strstr(err.text, "'leeds' is a name of 'north' already"));
    assert_int_equal(gazetteer_add(g, STR("north"), STR("leeds"), &err), 0);
    gazetteer_destroy(g);
    gazetteer_destroy(NULL);
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    fclose(out);
}

static struct gazetteer *load(const char *text, struct diag *d)
{
    char path[] = "/tmp/mentiond-places-XXXXXX";
    int fd = mkstemp(path);
    struct gazetteer *g;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    diag_init(d);
    g = gazetteer_load(path, d);
    unlink(path);
    return g;
}

static void test_places_from_a_file(void **state)
{
    struct diag d;
    struct gazetteer *g = load("uk-north:\n  names: [Leeds, the North West]\n  aliases: LS1\n", &d);

    (void)state;
    assert_non_null(g);
    assert_true(str_eq(gazetteer_find(g, STR("in the north west")), STR("uk-north")));
    assert_true(str_eq(gazetteer_find(g, STR("ls1")), STR("uk-north")));
    gazetteer_destroy(g);
    diag_finish(&d);
}

static void test_mistakes_in_the_file_have_their_line(void **state)
{
    static const char *const cases[][2] = {
        {"- a\n", "expected a map of codes to places"},
        {"a: {names: [x1]}\nb: {names: [X1]}\n", ":2:1: b: 'x1' is a name of 'a' already"},
        {"a: {nams: [x1]}\n", "unknown key 'nams' (did you mean 'names'?)"},
        {"a: {aliases: [x1]}\n", "names"},
        {"a: {names: ['?']}\n", "has no letters"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct diag d;
        struct gazetteer *g = load(cases[i][0], &d);
        char *text = printed(&d);

        assert_null(g);
        if (!strstr(text, cases[i][1]))
            fail_msg("case %zu: %s", i, text);
        free(text);
        diag_finish(&d);
    }
}

/* The file that ships: a place is the same by name, tag, district and in other
 * languages; no words are places. */
static void test_places_that_ship(void **state)
{
    static const char *const cases[][2] = {
        {"no internet in Leeds", "gb-leeds"},     {"#leeds dark", "gb-leeds"},
        {"LS1 and LS2 are out", "gb-leeds"},      {"panne à Londres", "gb-london"},
        {"#NewYork", "us-new-york"},              {"nichts geht in Muenchen", "de-munchen"},
        {"caída en Málaga", "es-malaga"},         {"malaga", "es-malaga"},
        {"em Lisboa e no Porto", "pt-lisboa"},    {"a Milano niente", "it-milano"},
        {"all over the United Kingdom", "gb"},    {"in ganz Deutschland", "de"},
        {"nice work, my mobile", ""},             {"gutes Essen, reading in the bath", ""},
        {"it says error E5, and us?", ""},        {"mein porto, la palma, les tours", ""},
    };
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    char path[1024];
    struct gazetteer *g;
    struct diag d;

    (void)state;
    snprintf(path, sizeof(path), "%s/places/world.yaml", root ? root : ".");
    diag_init(&d);
    g = gazetteer_load(path, &d);
    assert_non_null(g);
    assert_in_range(gazetteer_count(g), 1000, 3000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str code = gazetteer_find(g, str_from(cases[i][0]));

        if (!str_eq(code, str_from(cases[i][1])))
            fail_msg("'%s': got '%.*s'", cases[i][0], STR_FMT(code));
    }
    gazetteer_destroy(g);
    diag_finish(&d);
}

static void test_topics(void **state)
{
    (void)state;
    assert_int_equal(outage_topic(STR("login")), 0);
    assert_int_equal(outage_topic(STR("nothing")), -1);
    assert_int_equal(outage_topic(STR("servers")), -1); /* said of anything */
    assert_string_equal(outage_topic_name(outage_topic(STR("calls"))), "calls");
    assert_null(outage_topic_name(-1));
    assert_null(outage_topic_name(OUTAGE_TOPICS_MAX));
}

static struct mention outage_mention(const char *text)
{
    struct mention m;

    mention_init(&m);
    m.id = STR("x:1");
    m.text = str_from(text);
    m.class = CLASS_OUTAGE;
    m.scores[CLASS_OUTAGE] = 20;
    m.created_at_ms = INT64_C(1790000000000);
    m.author.id = STR("a");
    return m;
}

static void look(const struct outage_lens *lens, struct mention *m)
{
    static const struct brand_settings brand = {.name = {"acme", 4}};
    CLEANUP(arena_finish) struct arena arena;

    arena_init(&arena, 1 << 20);
    outage_look(lens, &brand, m, &arena);
}

static void test_what_is_a_report(void **state)
{
    static const struct {
        enum mention_class class;
        unsigned signals;
        int score; /* of outage */
        enum outage_kind want;
        bool faint;
    } cases[] = {
        {CLASS_OUTAGE, 0, 20, OUTAGE_REPORT, false},
        {CLASS_COMPLAINT, 0, 0, OUTAGE_OTHER, true},
        {CLASS_COMPLAINT, 0, 1, OUTAGE_REPORT, true},
        {CLASS_NONE, 0, 1, OUTAGE_REPORT, true},
        {CLASS_NONE, SIGNAL_JOKE, 1, OUTAGE_OTHER, true},
        {CLASS_NONE, SIGNAL_RECOVERY, 0, OUTAGE_RECOVERY, true},
        {CLASS_OUTAGE, SIGNAL_RECOVERY, 20, OUTAGE_RECOVERY, false},
        {CLASS_OUTAGE, SIGNAL_MAINTENANCE, 20, OUTAGE_OTHER, false},
        {CLASS_OUTAGE, SIGNAL_PAST, 20, OUTAGE_OTHER, false},
        {CLASS_OUTAGE, SIGNAL_JOKE, 20, OUTAGE_OTHER, false},
        {CLASS_OUTAGE, SIGNAL_NEWS, 20, OUTAGE_OTHER, false},
        {CLASS_OUTAGE, SIGNAL_OTHER_BRAND, 20, OUTAGE_OTHER, false},
    };
    struct outage_lens lens = {NULL, NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m = outage_mention("x");

        m.class = cases[i].class;
        m.scores[CLASS_OUTAGE] = cases[i].score;
        m.signals = cases[i].signals;
        look(&lens, &m);
        assert_int_equal(outage_fact_of(&lens, &m).kind, cases[i].want);
        assert_int_equal(outage_fact_of(&lens, &m).faint, cases[i].faint);
        m.backfill = true;
        assert_int_equal(outage_fact_of(&lens, &m).kind, OUTAGE_OTHER);
        m.own = true;
        look(&lens, &m);
        assert_int_equal(outage_fact_of(&lens, &m).kind, OUTAGE_OTHER);
    }
}

static void test_rivals(void **state)
{
    static const char *const names[][2] = {{"r", "Skyborough"}, {"r", "Banque Azur"}};
    struct outage_lens lens = {.rivals = make(names, ARRAY_LEN(names))};
    struct mention m = outage_mention("is #BanqueAzur down?"), own = outage_mention("acme down");

    (void)state;
    look(&lens, &m);
    look(&lens, &own);
    assert_int_equal(outage_fact_of(&lens, &m).kind, OUTAGE_OTHER);
    assert_int_equal(outage_fact_of(&lens, &own).kind, OUTAGE_REPORT);
    outage_lens_finish(&lens);
}

/* The network's geo field or a rule's capture, then the text, then the profile. */
static void test_where_it_is(void **state)
{
    static const char *const cases[][4] = {
        /* place, text, profile, want */
        {"", "down in leeds", "", "north"},
        {"New York", "down, my mum in leeds says", "", "far"},
        {"Malaga", "down", "Malaga", "south"},
        {"Malaga", "down in leeds", "Malaga", "north"},
        {"north", "down in malaga", "", "north"},
        {"the moon", "down", "York", "east"},
        {"the moon", "down", "", NULL},
        {"", "down", "", NULL},
    };
    struct outage_lens lens = {.places = make(towns, ARRAY_LEN(towns))};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m = outage_mention(cases[i][1]);
        uint32_t want = cases[i][3] ? outage_place_number(str_from(cases[i][3])) : 0;

        m.place = str_from(cases[i][0]);
        m.author.location = str_from(cases[i][2]);
        look(&lens, &m);
        if (outage_fact_of(&lens, &m).place != want)
            fail_msg("case %zu: '%.*s'", i, STR_FMT(m.place));
    }
    outage_lens_finish(&lens);
}

/* What a brand sees places by: its own file, else the one beside the rules, else nothing. */
static void test_places_of_a_brand(void **state)
{
    static const char *const cases[][3] = {
        /* the brand, the text, want */
        {"", "down in leeds", "gb-leeds"},
        {"places: own.yaml, ", "down in leeds", "shop-7"},
        {"places: own.yaml, ", "down in Bristol", ""},
        {"outages: off, ", "down in Bristol", ""},
        {"rules_path: /nowhere", "down in Bristol", ""},
    };
    char folder[] = "/tmp/mentiond-lens-XXXXXX", path[1100], root[1024];
    const char *source = getenv("MENTIOND_SOURCE_ROOT");

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_non_null(realpath(source ? source : ".", root));
    snprintf(path, sizeof(path), "%s/own.yaml", folder);
    write_file(path, "shop-7: { names: [Leeds] }\n");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool nowhere = strstr(cases[i][0], "nowhere") != NULL;
        struct outage_lens lens;
        struct settings *s;
        struct mention m = outage_mention(cases[i][1]);
        char text[2048];
        struct diag d;

        snprintf(text, sizeof(text), "rules_path: %s\nbrands: { acme: { %s terms: [acme], sources: [] } }\n",
                 nowhere ? "/nowhere" : root, nowhere ? "" : cases[i][0]);
        snprintf(path, sizeof(path), "%s/config.yaml", folder);
        write_file(path, text);
        diag_init(&d);
        s = settings_read(path, &d);
        if (!s || !outage_lens_load(&lens, s, &s->brands[0], &d))
            fail_msg("case %zu: %s", i, printed(&d));
        look(&lens, &m);
        if (!str_eq(m.place, str_from(cases[i][2])))
            fail_msg("case %zu: '%.*s'", i, STR_FMT(m.place));
        outage_lens_finish(&lens);
        settings_destroy(s);
        diag_finish(&d);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/own.yaml", folder);
    unlink(path);
    rmdir(folder);
}

static void test_what_else_a_fact_says(void **state)
{
    struct outage_lens lens = {NULL, NULL};
    struct mention m = outage_mention("RT @x: acme down");
    struct outage_fact f;

    (void)state;
    m.author.created_at_ms = m.created_at_ms - INT64_C(86400000) * 5;
    m.author.followers = 3;
    m.captures[m.n_captures++] = (struct mention_capture){STR("topic"), STR("mobile")};
    m.captures[m.n_captures++] = (struct mention_capture){STR("topic"), STR("whatever")};
    look(&lens, &m);
    m.n_words = 0;
    m.words[m.n_words++] = 77;
    f = outage_fact_of(&lens, &m);
    assert_true(f.repost && f.young);
    assert_int_equal(f.topics, 1u << outage_topic(STR("mobile")) | 1u << outage_topic(STR("internet")) |
                                   1u << outage_topic(STR("calls")));
    assert_true(f.n_words == 1 && f.words[0] == 77 && f.id == outage_hash(STR("x:1")));
    m.author.followers = -1; /* not told */
    assert_false(outage_fact_of(&lens, &m).young);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_in_texts),
        cmocka_unit_test(test_names_that_cannot_be),
        cmocka_unit_test(test_places_from_a_file),
        cmocka_unit_test(test_mistakes_in_the_file_have_their_line),
        cmocka_unit_test(test_places_that_ship),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_what_is_a_report),
        cmocka_unit_test(test_rivals),
        cmocka_unit_test(test_where_it_is),
        cmocka_unit_test(test_places_of_a_brand),
        cmocka_unit_test(test_what_else_a_fact_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

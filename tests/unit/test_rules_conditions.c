/* Built-in conditions, guards of groups, and `when`. */
#include "rules_support.h"

#define CONDITION_PACK(name)                                                                       \
    "pack: t\nrules: [{id: r, class: outage, is: " name ", unless: [\"never\"]}]\n"

static const struct {
    const char *condition, *text, *hit;
} cases[] = {
    {"question", "Is it down? Yes.", "?"},
    {"question", "It is down. You know?!", "?"},
    {"question", "see https://acme.example/?a=b now", ""},
    {"question", "down!", ""},
    {"shouting", "my app is STILL NOT WORKING again", "STILL NOT WORKING"},
    {"shouting", "I LOVE IT", ""},
    {"shouting", "WHY AM I WAITING", "WHY AM I WAITING"},
    {"shouting", "STILL I WAIT", "STILL I WAIT"},
    {"shouting", "HSBC UK", ""},
    {"shouting", "BROKEN. DOWN", ""},
    {"shouting", "@ACME_HELP #ACMEDOWN HTTPS://ACME.EXAMPLE/DOWN", ""},
    {"shouting", "\xC3\x9C" "BERALL AUSFALL!", "\xC3\x9C" "BERALL AUSFALL!"},
    {"shouting", "NO SIGNAL \xF0\x9F\x98\xA1 ANYWHERE", "NO SIGNAL \xF0\x9F\x98\xA1 ANYWHERE"},
    {"elongated", "it is sooo slow", "sooo"},
    {"elongated", "SOOOO slow", "SOOOO"},
    {"elongated", "see www.acme.example, 1000 times, love xxx", ""},
    {"elongated", "@aaargh #sooo", ""},
    {"elongated", "good", ""},
    {"emphatic", "what!! no", "!!"},
    {"emphatic", "what?!?", "?!?"},
    {"emphatic", "what! no?", ""},
    {"[elongated, emphatic]", "what!!", "!!"},
    {"emphatic", "what\xEF\xBC\x81\xEF\xBC\x81", "\xEF\xBC\x81\xEF\xBC\x81"},
    {"emphatic", "", ""},
    {"shouting", "\xFF\xFE NO\xFFT WORKING", "NO\xFFT WORKING"},
};

static void test_where_conditions_hit(void **state)
{
    char words[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf pack = BUF_INIT(1024);
        buf_printf(&pack, CONDITION_PACK("%s"), cases[i].condition);
        struct ruleset *set = pack_load(pack.data);
        if (strcmp(first_hit(set, cases[i].text, words), cases[i].hit) != 0)
            fail_msg("%s in \"%s\": \"%s\", not \"%s\"", cases[i].condition, cases[i].text, words,
                     cases[i].hit);
        ruleset_unref(set);
        buf_finish(&pack);
    }
}

static void test_conditions_as_guards(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "guards:\n"
                                    "  asked: {is: question, scope: post}\n"
                                    "  emphatic: [really]\n" /* a guard goes before a condition */
                                    "rules:\n"
                                    "  - {id: a, class: outage, phrases: [down], unless: question}\n"
                                    "  - {id: b, class: praise, phrases: [good], when: [shouting, oh my]}\n"
                                    "  - {id: c, class: complaint, phrases: [bad], when: asked}\n"
                                    "  - {id: d, class: outage, phrases: [dead], when: emphatic}\n");

    (void)state;
    assert_int_equal(class_of(set, "it is down. ok?"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "is it down?"), CLASS_NONE);
    assert_int_equal(class_of(set, "VERY VERY good"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "oh my, good"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "VERY SLOOOW. good"), CLASS_NONE);
    assert_int_equal(class_of(set, "bad. why?"), CLASS_COMPLAINT);
    assert_int_equal(class_of(set, "bad"), CLASS_NONE);
    assert_int_equal(class_of(set, "dead!!"), CLASS_NONE);
    assert_int_equal(class_of(set, "really dead"), CLASS_OUTAGE);
    ruleset_unref(set);
}

static void test_guards_of_a_group(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "unless: [\"poem\"]\n"
                  "groups: {g: {unless: [\"lol\"], note: jokes}}\n"
                  "rules:\n"
                  "  - {id: a, class: outage, group: g, phrases: [down], unless: [\"calm\"]}\n"
                  "  - {id: b, class: praise, phrases: [good]}\n");

    (void)state;
    assert_int_equal(class_of(set, "down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "down lol"), CLASS_NONE);
    assert_int_equal(class_of(set, "calm down"), CLASS_NONE);
    assert_int_equal(class_of(set, "down in a poem"), CLASS_NONE);
    assert_int_equal(class_of(set, "good lol"), CLASS_PRAISE);
    ruleset_unref(set);
}

static void test_explain_tells_what_was_missing(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: a, class: outage, phrases: [down], when: [shouting],\n"
                                    "     tests: {match: down}}\n"
                                    "  - {id: b, class: outage, phrases: [dead], unless: [question]}\n");
    struct buf out = BUF_INIT(64 * 1024);
    struct error err = {0};
    static struct diag d;
    struct mention m;

    (void)state;
    mention_init(&m);
    m.text = STR("down. dead?");
    assert_int_equal(ruleset_explain(set, &m, &out, &err), 0);
    assert_non_null(strstr(out.data, "held back: nothing of its when was seen"));
    assert_non_null(strstr(out.data, "held back: guard question was seen in its sentence"));
    buf_finish(&out);
    diag_init(&d);
    ruleset_run_tests(set, &d);
    assert_int_equal(d.n_errors, 1);
    assert_non_null(strstr(d.items[0].text, "held back: nothing of its when"));
    diag_finish(&d);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_conditions_hit),
        cmocka_unit_test(test_conditions_as_guards),
        cmocka_unit_test(test_guards_of_a_group),
        cmocka_unit_test(test_explain_tells_what_was_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

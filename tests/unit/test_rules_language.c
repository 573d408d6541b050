/* Phrases and regexes: what they match, and where. */
#include "rules_support.h"

#define PHRASE_PACK(phrase)                                                                        \
    "pack: t\n"                                                                                    \
    "lists:\n"                                                                                     \
    "  service: [site, app, \"wi fi\", \"{server}\"]\n"                                            \
    "  server: [server*, node (one|two)]\n"                                                        \
    "rules: [{id: r, class: outage, phrases: ['" phrase "']}]\n"

static const struct {
    const char *pack, *text, *hit; /* hit "": none */
} cases[] = {
    {PHRASE_PACK("down"), "It is DOWN again", "DOWN"},
    {PHRASE_PACK("down"), "download this", ""},
    {PHRASE_PACK("down"), "#AcmeIsDown", "Down"},
    {PHRASE_PACK("is not working"), "the app isn\xE2\x80\x99t working", "isn\xE2\x80\x99t working"},
    {PHRASE_PACK("isn\"t") , "x", ""},
    {PHRASE_PACK("can not"), "I cannot, I can't", "cannot"},
    {PHRASE_PACK("crash*"), "it keeps crashing", "crashing"},
    {PHRASE_PACK("crash*"), "a crash", "crash"},
    {PHRASE_PACK("crash*"), "uncrashed", ""},
    {PHRASE_PACK("wi-fi"), "the Wi Fi here", "Wi Fi"},
    {PHRASE_PACK("{service} down"), "the site down", "site down"},
    {PHRASE_PACK("{service} down"), "the servers down", "servers down"},
    {PHRASE_PACK("{service} down"), "node two down", "node two down"},
    {PHRASE_PACK("{service} down"), "the phone down", ""},
    {PHRASE_PACK("is (really|so)? down"), "is down", "is down"},
    {PHRASE_PACK("is (really|so)? down"), "is really down", "is really down"},
    {PHRASE_PACK("is (really|so)? down"), "is always down", ""},
    {PHRASE_PACK("{service}? down now"), "down now", "down now"},
    {PHRASE_PACK("(log in|sign in)"), "cannot sign in", "sign in"},
    {PHRASE_PACK("{service} ~3 down"), "app is so very down", "app is so very down"},
    {PHRASE_PACK("{service} ~3 down"), "app is so very much down", ""},
    {PHRASE_PACK("{service} ~3 down"), "down with the app", ""},
    {PHRASE_PACK("{service} ~3 down"), "Nice app. Now down", ""},
    {PHRASE_PACK("{service} ~3 down"), "Nice app...now down", "app...now down"},
    {PHRASE_PACK("{service} ~3 down"), "the app app down", "app app down"},
    {PHRASE_PACK("is it down ?"), "is it down?", "is it down?"},
    {PHRASE_PACK("is it down ?"), "is it down", ""},
    {PHRASE_PACK("\xF0\x9F\x91\x8D"), "nice \xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", "\xF0\x9F\x91\x8D"},
    {PHRASE_PACK("for {duration}"), "waiting for 3 hours now", "for 3 hours"},
    {PHRASE_PACK("for {duration}"), "waiting for 45mins", "for 45mins"},
    {PHRASE_PACK("for {duration}"), "waiting for an answer", ""},
    {PHRASE_PACK("charged {money}"), "charged \xC2\xA3""25.99 twice", "charged \xC2\xA3""25.99"},
    {PHRASE_PACK("charged {money}"), "charged 30 dollars", "charged 30 dollars"},
    {PHRASE_PACK("charged {money}"), "charged 30 percent", ""},
    {PHRASE_PACK("at {time}"), "at 10:30 pm", "at 10:30 pm"},
    {PHRASE_PACK("{count} times"), "called 5 times", "5 times"},
    {PHRASE_PACK("down (*|) now"), "x", ""},
    {PHRASE_PACK("* down"), "site down", "site down"},
};

static void test_phrases(void **state)
{
    char words[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct diag d;
        diag_init(&d);
        struct ruleset *set = ruleset_parse("t.yaml", str_from(cases[i].pack),
                                            RULE_ENGINE_REFERENCE, &d);
        diag_finish(&d);
        if (!set) {
            assert_string_equal(cases[i].text, "x"); /* cases that only must not load */
            continue;
        }
        if (strcmp(first_hit(set, cases[i].text, words), cases[i].hit) != 0)
            fail_msg("case %zu: \"%s\" hit \"%s\", not \"%s\"\n%s", i, cases[i].text, words,
                     cases[i].hit, cases[i].pack);
        ruleset_unref(set);
    }
}

static const struct {
    const char *phrase, *why;
} mistakes[] = {
    {"{servce} down", "did you mean 'service'?"},
    {"{nothing like it} down", "a { is never closed"},
    {"(a|b", "a ( is never closed"},
    {"a) b", "a ) without its ("},
    {"a} b", "a } without its {"},
    {"~3 down", "stands between words"},
    {"down ~3", "stands between words"},
    {"a ~0 b", "is no distance"},
    {"a ~99 b", "is no distance"},
    {"(a)? (b)?", "no word in it is required"},
    {"*", "no word in it is required"},
    {"&", "has no letters"},
    {"(a|b)* c", "a space is missing before '*'"},
    {"cr*sh", "at the end of a word only"},
    {"", "is empty"},
    {"{loop}", "does it contain itself?"},
};

static void test_phrase_mistakes(void **state)
{
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct buf pack = BUF_INIT(4096);
        buf_printf(&pack,
                   "pack: t\nlists:\n  service: [site]\n  loop: [\"{loop} x\"]\n"
                   "rules:\n  - id: r\n    class: outage\n    phrases: ['%s']\n",
                   mistakes[i].phrase);
        diag_init(&d);
        assert_null(ruleset_parse("t.yaml", buf_str(&pack), RULE_ENGINE_REFERENCE, &d));
        assert_true(d.n_items >= 1);
        if (!strstr(d.items[0].text, mistakes[i].why) || !strstr(d.items[0].text, "t.yaml:8:15: "))
            fail_msg("'%s': %s", mistakes[i].phrase, d.items[0].text);
        diag_finish(&d);
        buf_finish(&pack);
    }
}

static const struct {
    const char *regex, *text, *hit;
} regexes[] = {
    {"(?:can(?:no|')?t|unable to) (?:log|sign) ?in", "I can\xE2\x80\x99t log in", "can\xE2\x80\x99t log in"},
    {"(?:can(?:no|')?t|unable to) (?:log|sign) ?in", "CANNOT SIGNIN", "CANNOT SIGNIN"},
    {"#\\\\d+", "order \xEF\xBC\x83\xEF\xBC\x94\xEF\xBC\x92", "\xEF\xBC\x83\xEF\xBC\x94\xEF\xBC\x92"},
    {"\\\\bé\\\\w+", "un ÉTAT", "ÉTAT"},
    {"(?-i)DOWN", "down", ""},
    {"a-b", "a\xE2\x80\x94" "b", "a\xE2\x80\x94" "b"},
    {"x{0}y|z*w", "w", "w"},
};

static void test_regexes(void **state)
{
    char words[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(regexes); i++) {
        struct buf pack = BUF_INIT(4096);
        buf_printf(&pack, "pack: t\nrules: [{id: r, class: outage, regex: \"%s\"}]\n",
                   regexes[i].regex);
        struct ruleset *set = pack_load(pack.data);
        if (strcmp(first_hit(set, regexes[i].text, words), regexes[i].hit) != 0)
            fail_msg("case %zu: \"%s\" hit \"%s\"", i, regexes[i].text, words);
        ruleset_unref(set);
        buf_finish(&pack);
    }
}

static void test_runaway_regex_is_limited_and_counted(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: bomb, class: outage, regex: '(a+)+$'}\n"
                                    "  - {id: fine, class: praise, phrases: [thanks]}\n");
    struct buf text = BUF_INIT(16 * 1024);

    (void)state;
    buf_append_str(&text, STR("thanks "));
    while (text.len < TEXT_JUDGED_MAX - 10)
        buf_append_char(&text, 'a');
    buf_append_str(&text, STR("! a!"));
    assert_int_equal(class_of(set, text.data), CLASS_PRAISE);
    assert_int_equal(ruleset_limited(set), 1);
    assert_int_equal(class_of(set, "aaaa"), CLASS_OUTAGE);
    assert_int_equal(ruleset_limited(set), 1);
    buf_finish(&text);
    ruleset_unref(set);
}

static void test_only_the_first_8_kib_are_judged(void **state)
{
    struct ruleset *set = pack_load("pack: t\nrules: [{id: r, class: outage, phrases: [down]}]\n");
    struct buf text = BUF_INIT(32 * 1024);

    (void)state;
    while (text.len < TEXT_JUDGED_MAX)
        buf_append_str(&text, STR("word "));
    buf_append_str(&text, STR(" down"));
    assert_int_equal(class_of(set, text.data), CLASS_NONE);
    buf_finish(&text);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_phrase_mistakes),
        cmocka_unit_test(test_regexes),
        cmocka_unit_test(test_runaway_regex_is_limited_and_counted),
        cmocka_unit_test(test_only_the_first_8_kib_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Phrases and regexes: what they match, and where. */
#include "rules/builtins.h"
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
    {PHRASE_PACK("{service} ~~3 down"), "app is so very down", "app is so very down"},
    {PHRASE_PACK("{service} ~~3 down"), "down with the app", "down with the app"},
    {PHRASE_PACK("{service} ~~3 down"), "down. App here", ""},
    {PHRASE_PACK("the (app ~~1 down|tv) now"), "the down old app now", "the down old app now"},
    {PHRASE_PACK("a ~~1 b ~~1 c"), "c x b x a", "c x b x a"},
    {PHRASE_PACK("a ~~1 b ~~1 c"), "a b c", "a b c"},
    {PHRASE_PACK("^ down"), "down it is", "down"},
    {PHRASE_PACK("^ down"), "hello. Down it is", "Down"},
    {PHRASE_PACK("^ down"), "it is down", ""},
    {PHRASE_PACK("down ^"), "it is down. Now", "down"},
    {PHRASE_PACK("down ^"), "it is down", "down"},
    {PHRASE_PACK("down ^"), "down it is", ""},
    {PHRASE_PACK("(^ down|now) ^"), "so? Down. Yes", "Down"},
    {PHRASE_PACK("so {emoji.love}"), "so \xE2\x9D\xA4\xEF\xB8\x8F it", "so \xE2\x9D\xA4"},
    {PHRASE_PACK("{emoji.anger}"), "no \xF0\x9F\x98\xA1\xF0\x9F\x98\xA1", "\xF0\x9F\x98\xA1"},
    {"pack: t\nlang: de\nrules: [{id: r, class: outage, phrases: ['seit {duration}']}]\n",
     "seit drei Stunden", "seit drei Stunden"},
    {"pack: t\nlang: de-AT\nrules: [{id: r, class: outage, phrases: ['{money} weg']}]\n",
     "20 \xE2\x82\xAC weg", "20 \xE2\x82\xAC weg"},
    {"pack: t\nlang: fr\nrules: [{id: r, class: outage, phrases: ['{time}']}]\n", "vers 14h30", "14h30"},
    {"pack: t\nlang: nl\nrules: [{id: r, class: outage, phrases: ['{count}']}]\n", "dozens", "dozens"},
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

/* Every sign of every list, as phones write it: with variation selectors, skin tones, in rows. */
static void test_built_in_lists(void **state)
{
    static const char *const names[] = {
        "emoji.anger", "emoji.approve", "emoji.celebrate", "emoji.disapprove", "emoji.disgust",
        "emoji.joy",   "emoji.laugh",   "emoji.love",      "emoji.sad",        "emoji.sarcasm",
        "emoji.thanks", "emoji.wait",   "emoji.worry",
    };
    char words[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf pack = BUF_INIT(4096);
        buf_printf(&pack, "pack: t\nrules: [{id: r, class: outage, phrases: ['{%s}']}]\n", names[i]);
        struct ruleset *set = pack_load(pack.data);
        struct str rest = str_from(builtin_phrase(str_from(names[i])));
        rest = str_slice(rest, 1, rest.len - 1);
        while (rest.len > 0) {
            struct str sign = str_split(rest, '|', &rest);
            struct buf text = BUF_INIT(256);
            buf_printf(&text, "so %.*s\xEF\xB8\x8F\xF0\x9F\x8F\xBD it", STR_FMT(sign));
            if (strlen(first_hit(set, text.data, words)) == 0)
                fail_msg("{%s} does not match '%.*s'", names[i], STR_FMT(sign));
            buf_finish(&text);
        }
        ruleset_unref(set);
        buf_finish(&pack);
    }
    assert_null(builtin_phrase(STR("emoji.nothing")));
}

/* Lists in lists may be large, but not for ever. */
static void test_a_phrase_that_becomes_too_large(void **state)
{
    struct buf pack = BUF_INIT(64 * 1024);
    static struct diag d;

    (void)state;
    buf_append_str(&pack, STR("pack: t\nlists:\n  l0: [x]\n"));
    for (int i = 1; i < 8; i++) {
        buf_printf(&pack, "  l%d: ['", i);
        for (int k = 0; k < 100; k++)
            buf_printf(&pack, "{l%d} ", i - 1);
        buf_append_str(&pack, STR("']\n"));
    }
    buf_append_str(&pack, STR("rules: [{id: r, class: outage, phrases: ['{l7}']}]\n"));
    diag_init(&d);
    assert_null(ruleset_parse("t.yaml", buf_str(&pack), RULE_ENGINE_REFERENCE, &d));
    assert_non_null(strstr(d.items[0].text, "becomes too large"));
    diag_finish(&d);
    buf_finish(&pack);
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
    {"a ~0 b", "'0' is no distance"},
    {"a ~~x b", "'x' is no distance"},
    {"~~3 b", "stands between words"},
    {"a ~~3", "is empty"},
    {"(a ~~3) b", "is empty"},
    {"a ^ b", "a ^ stands at the beginning or the end"},
    {"^", "is empty"},
    {"{emoji.angr}", "did you mean 'emoji.anger'?"},
    {"a ~~1 b ~~1 c ~~1 d ~~1 e ~~1 f", "too many distances"},
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
        cmocka_unit_test(test_built_in_lists),
        cmocka_unit_test(test_a_phrase_that_becomes_too_large),
        cmocka_unit_test(test_regexes),
        cmocka_unit_test(test_runaway_regex_is_limited_and_counted),
        cmocka_unit_test(test_only_the_first_8_kib_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

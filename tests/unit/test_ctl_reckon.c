/* The formulas behind `rules stats` and `rules suggest`, and the counting of phrases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl/ngrams.h"
#include "ctl/reckon.h"

static void assert_near(double got, double want)
{
    if (fabs(got - want) > 0.0005)
        fail_msg("%f, wanted %f", got, want);
}

/* Wanted values: R, prop.test(x, n, correct = FALSE)$conf.int. */
static void test_wilson(void **state)
{
    static const struct {
        uint64_t right, n;
        double low, high;
    } cases[] = {
        {0, 0, 0, 1},         {0, 1, 0, 0.79345},   {1, 1, 0.20655, 1},
        {5, 10, 0.23659, 0.76341}, {8, 10, 0.49016, 0.94331}, {0, 10, 0, 0.27753},
        {10, 10, 0.72247, 1}, {90, 100, 0.82563, 0.94477},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct interval got = reckon_wilson(cases[i].right, cases[i].n, RECKON_Z95);

        assert_near(got.low, cases[i].low);
        assert_near(got.high, cases[i].high);
    }
}

static void test_log_odds(void **state)
{
    struct word_use use = {10, 5, 100, 200, 2, 40};
    /* ln(12/128) - ln(7/233), over sqrt(1/12 + 1/7) */
    double want = (log(12.0 / 128) - log(7.0 / 233)) / sqrt(1.0 / 12 + 1.0 / 7);

    (void)state;
    assert_near(reckon_log_odds(&use), want);
    use = (struct word_use){5, 10, 200, 100, 2, 40};
    assert_near(reckon_log_odds(&use), -want);
    use = (struct word_use){7, 7, 100, 100, 3, 30};
    assert_near(reckon_log_odds(&use), 0);
}

/* What makes it better than a plain ratio: a word seen once is no news, however high its ratio. */
static void test_rare_words_stay_low(void **state)
{
    struct word_use once = {1, 0, 1000, 10000, 0.1, 1100};
    struct word_use often = {40, 40, 1000, 10000, 8, 1100};

    (void)state;
    assert_true(reckon_log_odds(&once) < RECKON_Z95);
    assert_true(reckon_log_odds(&often) > 5);
}

static const struct ngram *find(const struct ngrams *grams, const char *text)
{
    for (size_t i = 0; i < grams->n; i++) {
        if (str_eq(grams->items[i].text, str_from(text)))
            return &grams->items[i];
    }
    return NULL;
}

static void test_phrases_are_counted_once_a_post(void **state)
{
    static const char *const here[] = {"The app died, the app DIED! Charged twice", "app died again"};
    static const char *const missing[] = {"died charged", "charged twice the", "12", "died !", "!",
                                          "app died the app died"};
    const struct ngram *died;
    struct ngrams grams;
    struct error err;

    (void)state;
    ngrams_init(&grams);
    for (uint32_t i = 0; i < ARRAY_LEN(here); i++)
        assert_int_equal(ngrams_add(&grams, CORPUS_HERE, str_from(here[i]), i, &err), 0);
    assert_int_equal(ngrams_add(&grams, CORPUS_THERE, STR("my app is 12 years old"), 2, &err), 0);
    died = find(&grams, "app died");
    assert_non_null(died);
    assert_int_equal(died->posts[CORPUS_HERE], 2);
    assert_int_equal(died->posts[CORPUS_THERE], 0);
    assert_int_equal(died->examples[0], 0);
    assert_int_equal(died->examples[1], 1);
    assert_int_equal(find(&grams, "app")->posts[CORPUS_THERE], 1);
    assert_non_null(find(&grams, "app died the app"));
    assert_false(ngram_same_posts(died, find(&grams, "charged")));
    for (size_t i = 0; i < ARRAY_LEN(missing); i++)
        assert_null(find(&grams, missing[i]));
    ngrams_finish(&grams);
}

static void test_what_is_said_here_comes_first(void **state)
{
    struct ngrams grams;
    struct error err;

    (void)state;
    ngrams_init(&grams);
    for (uint32_t i = 0; i < 200; i++) {
        const char *text = i < 20 ? "hello you charged me twice" : "hello you there me too";

        assert_int_equal(ngrams_add(&grams, i < 20 ? CORPUS_HERE : CORPUS_THERE, str_from(text), i, &err), 0);
    }
    ngrams_score(&grams);
    assert_non_null(strstr(grams.items[0].text.s, "charged"));
    assert_true(grams.items[0].log_odds > RECKON_Z95);
    assert_true(fabs(find(&grams, "hello you")->log_odds) < 1);
    assert_true(find(&grams, "hello you charged")->vague);
    assert_false(find(&grams, "charged me twice")->vague);
    assert_true(ngram_same_posts(find(&grams, "charged"), find(&grams, "charged me")));
    assert_true(grams.items[grams.n - 1].log_odds < 0);
    ngrams_finish(&grams);
}

static void test_overlap_is_of_whole_words(void **state)
{
    static const struct {
        const char *a, *b;
        bool want;
    } cases[] = {
        {"app died", "my app died", true}, {"my app died", "died", true}, {"app", "app", true},
        {"app", "happy", false},           {"app died", "died app", false}, {"my app", "app died", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(ngram_overlaps(str_from(cases[i].a), str_from(cases[i].b)), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_log_odds),
        cmocka_unit_test(test_rare_words_stay_low),
        cmocka_unit_test(test_phrases_are_counted_once_a_post),
        cmocka_unit_test(test_what_is_said_here_comes_first),
        cmocka_unit_test(test_overlap_is_of_whole_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

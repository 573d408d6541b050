/* The two properties a reader builds on, over made-up days of many seeds: the order inside of a batch
 * does not matter, and a detector that is saved and loaded at any moment goes on as if it had not
 * been. And bytes that no detector wrote are refused. */
#include <errno.h>
#include <stdlib.h>

#include "outage_support.h"

#define FACTS 4000
#define SEEDS 12

static void reload(struct rig *rig)
{
    struct buf bytes = BUF_INIT(OUTAGE_MEMORY_MAX), again = BUF_INIT(OUTAGE_MEMORY_MAX);
    struct outage_detector *d;
    struct error err;

    assert_true(outage_save(rig->d, &bytes));
    if (outage_load(buf_str(&bytes), &d, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(outage_save(d, &again));
    assert_true(str_eq(buf_str(&bytes), buf_str(&again)));
    outage_destroy(rig->d);
    rig->d = d;
    buf_finish(&bytes);
    buf_finish(&again);
}

static void test_restart_goes_on(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig kept, restarted;
        uint64_t draws = seed, moments = seed + 1000;
        int64_t now_ms = START_MS;

        rig_init(&kept);
        rig_init(&restarted);
        for (uint64_t n = 0; n < FACTS; n++) {
            struct outage_fact f = made_up(&draws, n, &now_ms);

            give_at(&kept, f, now_ms);
            give_at(&restarted, f, now_ms);
            if (draw(&moments, 50) == 0)
                reload(&restarted);
        }
        assert_true(count_lines(&kept, "opened") > 2 && count_lines(&kept, "closed") > 2);
        assert_string_equal(kept.log.data, restarted.log.data);
        rig_finish(&kept);
        rig_finish(&restarted);
    }
}

static void shuffle(struct outage_fact *facts, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = draw(seed, (uint32_t)i);
        struct outage_fact f = facts[k];

        facts[k] = facts[i - 1];
        facts[i - 1] = f;
    }
}

static void test_order_inside_of_a_batch(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct outage_fact batch[100], other[100];
        struct rig a, b;
        uint64_t draws = seed, orders = seed + 2000, n = 0;
        int64_t now_ms = START_MS;

        rig_init(&a);
        rig_init(&b);
        while (n < FACTS) {
            size_t n_batch = 1 + draw(&orders, ARRAY_LEN(batch));

            for (size_t i = 0; i < n_batch; i++)
                batch[i] = made_up(&draws, n++, &now_ms);
            memcpy(other, batch, sizeof(other));
            shuffle(other, n_batch, &orders);
            assert_int_equal(outage_update(a.d, batch, n_batch, now_ms, &a.sink), 0);
            assert_int_equal(outage_update(b.d, other, n_batch, now_ms, &b.sink), 0);
        }
        assert_true(count_lines(&a, "opened") > 1);
        assert_string_equal(a.log.data, b.log.data);
        rig_finish(&a);
        rig_finish(&b);
    }
}

static void make_busy(struct rig *rig)
{
    uint64_t draws = 5;
    int64_t now_ms = START_MS;

    rig_init(rig);
    for (uint64_t n = 0; n < 590; n++)
        give_at(rig, made_up(&draws, n, &now_ms), now_ms);
    assert_true(outage_open_count(rig->d) > 0);
}

static void assert_refused(struct str bytes)
{
    struct outage_detector *d = NULL;
    struct error err;

    assert_int_equal(outage_load(bytes, &d, &err), -EBADMSG);
    assert_null(d);
}

static void test_damage_is_refused(void **state)
{
    struct buf bytes = BUF_INIT(OUTAGE_MEMORY_MAX);
    struct rig rig;

    (void)state;
    make_busy(&rig);
    assert_true(outage_save(rig.d, &bytes));
    assert_refused(STR(""));
    assert_refused(STR("not a state at all, but long enough to be one"));
    for (size_t len = 0; len < bytes.len; len += 7)
        assert_refused(str_slice(buf_str(&bytes), 0, len));
    for (size_t at = 0; at < bytes.len; at += 3) {
        bytes.data[at] ^= 0x10;
        assert_refused(buf_str(&bytes));
        bytes.data[at] ^= 0x10;
    }
    buf_finish(&bytes);
    rig_finish(&rig);
}

/* The checksum alone would be no lock: who can write to Redis can compute it. */
static void test_lies_with_a_right_checksum(void **state)
{
    struct buf bytes = BUF_INIT(OUTAGE_MEMORY_MAX);
    struct rig rig;
    uint64_t seed = 9;
    unsigned refused = 0;

    (void)state;
    make_busy(&rig);
    assert_true(outage_save(rig.d, &bytes));
    for (unsigned i = 0; i < 3000; i++) {
        size_t at = draw(&seed, (uint32_t)(bytes.len - 8));
        char was = bytes.data[at];
        struct outage_detector *d;
        struct error err;
        uint64_t sum;

        bytes.data[at] = (char)draw(&seed, 256);
        sum = outage_hash(str_slice(buf_str(&bytes), 0, bytes.len - 8));
        for (size_t k = 0; k < 8; k++)
            bytes.data[bytes.len - 8 + k] = (char)(sum >> 8 * k);
        if (outage_load(buf_str(&bytes), &d, &err) == 0) {
            outage_tick(d, at_min(1e6), &rig.sink); /* whatever it holds, it can be gone on with */
            outage_destroy(d);
        } else {
            refused++;
        }
        bytes.data[at] = was;
    }
    assert_true(refused > 300);
    buf_finish(&bytes);
    rig_finish(&rig);
}

static void test_saved_is_no_larger_than_promised(void **state)
{
    struct buf bytes = BUF_INIT(OUTAGE_MEMORY_MAX);
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 3000; k++) {
        struct outage_fact f = report_at(&rig, k / 100.0, 1 + k);

        f.n_words = MENTION_WORDS_MAX;
        f.place = 1 + k;
        for (uint32_t i = 0; i < MENTION_WORDS_MAX; i++)
            f.words[i] = k * 100 + i;
        give(&rig, f);
    }
    assert_true(outage_save(rig.d, &bytes));
    assert_true(bytes.len > 40000 && outage_memory(rig.d) <= OUTAGE_MEMORY_MAX);
    buf_finish(&bytes);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_order_inside_of_a_batch),
        cmocka_unit_test(test_damage_is_refused),
        cmocka_unit_test(test_lies_with_a_right_checksum),
        cmocka_unit_test(test_saved_is_no_larger_than_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

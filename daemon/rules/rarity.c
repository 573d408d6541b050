/* The built-in model is a product of byte frequencies; what is learned is a table of counters, by
 * hash of the window, halved when they grow large, so that old traffic fades. Counters are updated
 * without locks: a lost count is of no importance. */
#include "rules/rarity.h"

#include <math.h>
#include <stdatomic.h>

#define COUNTERS (1u << 15)
#define TOTAL_MAX (1u << 22) /* windows counted before all is halved */
#define PRIOR 4096.0         /* windows that the built-in model is worth */

static _Atomic uint16_t counters[COUNTERS];
static _Atomic uint32_t total;

/* Bits that each byte is worth, in English posts (folded): -log2 of its frequency. */
static const float letter_bits[26] = {
    4.0f, 6.3f, 5.4f, 5.1f, 3.3f, 6.1f, 6.0f, 4.6f, 4.0f, 9.0f, 7.2f, 4.9f, 5.4f,
    4.0f, 3.9f, 5.9f, 10.3f, 4.3f, 4.1f, 3.6f, 5.2f, 6.8f, 5.8f, 9.1f, 5.5f, 10.5f,
};

static float byte_bits(unsigned char b)
{
    if (b >= 'a' && b <= 'z')
        return letter_bits[b - 'a'];
    if (b == ' ')
        return 2.5f;
    if (b >= '0' && b <= '9')
        return 7.5f;
    return b >= 0x80 ? 6.0f : 8.0f;
}

static uint32_t window_hash(const char *window)
{
    uint32_t bytes;

    memcpy(&bytes, window, sizeof(bytes));
    return (bytes * 0x9E3779B1u) >> 17;
}

static double built_in(const char *window)
{
    float bits = 0;

    for (size_t i = 0; i < RARITY_WINDOW; i++)
        bits += byte_bits((unsigned char)window[i]);
    return exp2(-(double)bits);
}

double rarity_window(const char *window)
{
    double counted = atomic_load_explicit(&counters[window_hash(window)], memory_order_relaxed);
    double of = atomic_load_explicit(&total, memory_order_relaxed);

    return (counted + PRIOR * built_in(window)) / (of + PRIOR);
}

size_t rarity_best_windows(struct str literal)
{
    double before = rarity_window(literal.s), least = 2;
    size_t best = 0;

    for (size_t i = 1; i + RARITY_WINDOW <= literal.len; i++) {
        double expected = rarity_window(literal.s + i);
        if (before + expected < least) {
            least = before + expected;
            best = i - 1;
        }
        before = expected;
    }
    return best;
}

double rarity_literal(struct str literal)
{
    double least = 1;
    float bits = 0;

    for (size_t i = 0; i + RARITY_WINDOW <= literal.len; i++)
        least = fmin(least, rarity_window(literal.s + i));
    if (literal.len >= RARITY_WINDOW)
        return least;
    for (size_t i = 0; i < literal.len; i++)
        bits += byte_bits((unsigned char)literal.s[i]);
    return exp2(-(double)bits);
}

static void halve(void)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < COUNTERS; i++) {
        uint16_t half = atomic_load_explicit(&counters[i], memory_order_relaxed) / 2;
        atomic_store_explicit(&counters[i], half, memory_order_relaxed);
        sum += half;
    }
    atomic_store_explicit(&total, sum, memory_order_relaxed);
}

void rarity_learn(struct str text)
{
    uint32_t learned = 0;

    for (size_t i = 0; i + RARITY_WINDOW <= text.len; i++, learned++) {
        _Atomic uint16_t *counter = &counters[window_hash(text.s + i)];
        uint16_t count = atomic_load_explicit(counter, memory_order_relaxed);
        if (count < UINT16_MAX)
            atomic_store_explicit(counter, (uint16_t)(count + 1), memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&total, learned, memory_order_relaxed) > TOTAL_MAX)
        halve();
}

void rarity_forget(void)
{
    for (size_t i = 0; i < COUNTERS; i++)
        atomic_store_explicit(&counters[i], 0, memory_order_relaxed);
    atomic_store_explicit(&total, 0, memory_order_relaxed);
}

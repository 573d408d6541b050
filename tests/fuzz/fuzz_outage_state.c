/* State bytes from Redis. The bytes as they are, and then with the checksum made right, so that the
 * ranges are what has to hold; whatever loads must save to the same bytes and be safe to go on with. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mentiond/outage.h"

static void ignore_event(void *user, const struct outage_event *event)
{
    (void)user;
    (void)event;
}

static void go_on(struct outage_detector *d)
{
    const struct outage_sink sink = {ignore_event, NULL};
    const int64_t later[] = {0, 1, 60000, INT64_C(1) << 40, INT64_C(1) << 53, INT64_MAX};

    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        struct outage_fact f = {.kind = OUTAGE_REPORT, .created_ms = later[i], .id = i, .author = i};

        f.n_words = 6;
        assert(outage_update(d, &f, 1, later[i], &sink) == 0);
    }
    assert(outage_memory(d) <= OUTAGE_MEMORY_MAX);
}

static void try_bytes(struct str bytes)
{
    struct buf again = BUF_INIT(OUTAGE_MEMORY_MAX);
    struct outage_detector *d;
    struct error err;

    if (outage_load(bytes, &d, &err) < 0)
        return;
    assert(outage_save(d, &again) && str_eq(buf_str(&again), bytes));
    buf_finish(&again);
    go_on(d);
    outage_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char bytes[OUTAGE_MEMORY_MAX];
    uint64_t sum;

    if (size < 16 || size > sizeof(bytes))
        return 0;
    memcpy(bytes, data, size);
    try_bytes((struct str){bytes, size});
    memcpy(bytes, "OTD1\1\0\0\0", 8);
    sum = outage_hash((struct str){bytes, size - 8});
    for (size_t i = 0; i < 8; i++)
        bytes[size - 8 + i] = (char)(sum >> 8 * i);
    try_bytes((struct str){bytes, size});
    return 0;
}

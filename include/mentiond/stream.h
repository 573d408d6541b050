/* The event stream of a brand, read once for all who follow it in this process (the outage detector, the
 * alerter, the console): without BLOCK, pipelined, in pages of STREAM_PAGE_MAX entries.
 *
 * Each consumer has a position of its own and takes entries at its own pace; the reader asks for what the
 * slowest lacks. XREAD says nothing of entries that have been cut off, so the trimming mark of the settings
 * is read with each page: a consumer that was passed over is told, and the operators' stream says
 * `reader.gap`. */
#ifndef MENTIOND_STREAM_H
#define MENTIOND_STREAM_H

#include "mentiond/store.h"

#define STREAM_PAGE_MAX 500
#define STREAM_FIELDS_MAX 64    /* names and values of an entry; further ones are not shown */
#define STREAM_CONSUMERS_MAX 16 /* of one reader */
#define STREAM_ID_TEXT 42

struct stream_id {
    int64_t ms, seq; /* both 0: before the first */
};

/* "1900000000000-3"; false for what is none. "1900000000000" is its first. */
bool stream_id_parse(struct str text, struct stream_id *ret);
void stream_id_format(struct stream_id id, char ret_text[STREAM_ID_TEXT]);
int stream_id_compare(struct stream_id a, struct stream_id b);

struct stream_entry {
    struct stream_id id;
    struct str fields[STREAM_FIELDS_MAX]; /* name, value, …; the same name twice: the first counts */
    size_t n_fields;
};
struct str stream_field(const struct stream_entry *entry, const char *name); /* "" when there is none */

struct stream_consumer {
    const char *name;          /* in logs and in `reader.gap` */
    struct stream_id position; /* the last entry that is done; set before stream_add(), later by the reader */
    /* An entry after the position. False: not now, the same entry comes again after stream_wake(). It may
     * remove consumers, not destroy the reader. All is borrowed for the call. */
    bool (*entry)(void *user, const struct stream_entry *entry);
    /* Every entry before this time has been given: none with an earlier one will follow. May be NULL. */
    void (*clock)(void *user, int64_t now_ms);
    /* Entries between its position and `first` are lost; goes on with `first`. To rebuild what depends on
     * them is the consumer's. May be NULL. */
    void (*gap)(void *user, struct stream_id first);
    void *user;
};

struct stream_reader;

/* Reads every interval_ms, and at once while there is more. Does nothing without consumers. */
int stream_reader_create(struct event_base *base, struct store *store, struct str brand, int64_t interval_ms,
                         struct stream_reader **ret, struct error *err);
void stream_reader_destroy(struct stream_reader *reader);

/* The consumer is the caller's and must stay where it is until it is removed. -ENOSPC: there are too many. */
int stream_add(struct stream_reader *reader, struct stream_consumer *consumer, struct error *err);
void stream_remove(struct stream_reader *reader, struct stream_consumer *consumer);
/* The brand's clock when the last page was asked for; 0 before the first. */
int64_t stream_clock_ms(const struct stream_reader *reader);
/* A consumer can take entries again. */
void stream_wake(struct stream_reader *reader);

#endif

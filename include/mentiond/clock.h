/* Time. Wall time is Unix milliseconds, UTC; monotonic time only ever measures distances.
 * Tests set the wall clock: by clock_set(), or for a whole process by $MENTIOND_TEST_NOW (ms). */
#ifndef MENTIOND_CLOCK_H
#define MENTIOND_CLOCK_H

#include <stdint.h>

#include "mentiond/str.h"

int64_t clock_now_ms(void);      /* wall */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Freezes the wall clock at now_ms; a negative value sets it free again. */
void clock_set(int64_t now_ms);

#define CLOCK_ISO_LEN 24 /* "2026-11-21T18:32:00.000Z" */

/* Writes the ISO 8601 form with NUL, always UTC. */
void clock_format_iso(int64_t time_ms, char ret_text[CLOCK_ISO_LEN + 1]);

/* RFC 3339 / ISO 8601 date-times as networks send them: fraction optional (digits beyond ms are
 * dropped), zone "Z", "+01:00", "+0100", or absent (UTC), "T" or a space, or a date alone.
 * Years 1970 to 9999. Returns false, *ret_ms untouched, for anything else. */
bool clock_parse_iso(struct str text, int64_t *ret_ms);

/* "45s", "12m", "3h 5m", "2d 4h": for people. Negative spans get a leading "-". */
void clock_format_span(int64_t span_ms, char ret_text[32]);

#endif

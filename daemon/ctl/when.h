/* Times as people say them. */
#ifndef CTL_WHEN_H
#define CTL_WHEN_H

#include <stdint.h>

#include "mentiond/str.h"

#define WHEN_TEXT 64

void when_ago(int64_t then_ms, int64_t now_ms,
              char ret_text[WHEN_TEXT]); /* "12m ago", "in 3m", "just now" */
void when_due(int64_t due_ms, int64_t now_ms,
              char ret_text[WHEN_TEXT]); /* "due in 3m", "overdue 5m" */
/* The wall clock of the person's time zone: "12:03", on another day "20 Nov 12:03". */
void when_clock(int64_t time_ms, int64_t now_ms, char ret_text[WHEN_TEXT]);

/* The same for logs: "2026-11-21 12:03:07". */
void when_stamp(int64_t time_ms, char ret_text[WHEN_TEXT]);

/* "90" is 90 seconds; else as in config.yaml: 90s, 20m, 1h30m, 2d. */
bool when_parse_span(struct str text, int64_t *ret_ms);

#endif

/* What the files of the Discord driver share. */
#ifndef MENTIOND_SOURCES_DISCORD_H
#define MENTIOND_SOURCES_DISCORD_H

#include "sources/driver.h"

struct discord_config {
    struct str guild, channel;
    bool everything;
};

/* A snowflake; 0 if it is none. */
int64_t discord_id(const json_t *value);
int64_t discord_id_time_ms(int64_t id);
int64_t discord_id_at_ms(int64_t time_ms);

/* What people wrote, not what Discord says of joins, pins and boosts. */
bool discord_is_message(const json_t *message);

/* Whether anything at all came with it. */
bool discord_has_content(const json_t *message);

/* Adds it to the page; NULL: it has no text, or does not fit. */
struct mention *discord_message_read(const struct parsing *p, const json_t *message);

#endif

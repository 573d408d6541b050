/* The walk of timewalk.h. A walk ends with the first page that is older than its floor as a whole, not
 * with the first old item: lists are not strictly ordered, and one post that was imported, pinned or
 * reordered must not hide those behind it. */
#include "sources/timewalk.h"

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash(struct str text)
{
    uint64_t h = FNV_OFFSET;

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.s[i]) * FNV_PRIME;
    return h;
}

/* The time of a cursor's field; drivers may keep words of their own behind it. */
static int64_t time_of(struct str field)
{
    struct str rest;

    return cursor_i64(str_split(field, ' ', &rest), 0);
}

int64_t timewalk_floor_ms(const struct source *src, const struct source_cursor *at, int64_t now_ms)
{
    int64_t low_ms = time_of(at->low);

    if (at->walking)
        return walk_floor(at, INT64_MAX);
    if (low_ms > 0)
        return low_ms - src->overlap_ms;
    return src->backfill_ms > 0 ? now_ms - src->backfill_ms : INT64_MIN;
}

struct timewalk timewalk_begin(const struct parsing *p)
{
    return (struct timewalk){.floor_ms = timewalk_floor_ms(p->src, p->at, p->reply->received_at_ms)};
}

bool timewalk_takes(struct timewalk *walk, struct str id, int64_t time_ms)
{
    walk->n++;
    walk->ids += hash(id);
    if (time_ms <= 0)
        return true;
    if (time_ms > walk->newest_ms)
        walk->newest_ms = time_ms;
    if (walk->oldest_ms == 0 || time_ms < walk->oldest_ms)
        walk->oldest_ms = time_ms;
    return time_ms >= walk->floor_ms;
}

bool timewalk_is_past(const struct timewalk *walk)
{
    return walk->floor_ms == INT64_MIN || (walk->newest_ms > 0 && walk->newest_ms < walk->floor_ms);
}

/* The next low: never backwards, and never in the future, where a post could end all reading. */
static struct str high_of(const struct parsing *p, const struct timewalk *walk)
{
    int64_t low_ms = time_of(p->at->low);
    int64_t high_ms = p->at->walking ? time_of(p->at->high) : 0;

    if (walk->newest_ms > high_ms)
        high_ms = walk->newest_ms;
    if (high_ms > p->reply->received_at_ms)
        high_ms = p->reply->received_at_ms;
    if (high_ms < low_ms)
        high_ms = low_ms;
    return high_ms > 0 ? cursor_from_i64(p->arena, high_ms) : STR("");
}

void timewalk_done(const struct parsing *p, const struct timewalk *walk, bool gap,
                   struct source_step *ret_step)
{
    step_done(ret_step, high_of(p, walk));
    ret_step->gap = gap;
}

/* The cursor's floor is "ms ids", with " again" behind it where the page before was asked for a second
 * time. */
static struct str floor_text(const struct parsing *p, const struct timewalk *walk, bool repeated)
{
    return arena_printf(p->arena, "%lld %llx%s", (long long)walk->floor_ms, (unsigned long long)walk->ids,
                        repeated ? " again" : "");
}

static bool is_page_before(const struct parsing *p, const struct timewalk *walk)
{
    struct str ids, rest;

    if (!p->at->walking || walk->n == 0)
        return false;
    str_split(p->at->floor, ' ', &rest);
    ids = str_split(rest, ' ', &rest);
    return ids.len > 0 && str_eq(ids, arena_printf(p->arena, "%llx", (unsigned long long)walk->ids));
}

void timewalk_step(const struct parsing *p, const struct timewalk *walk, struct str next,
                   struct source_step *ret_step)
{
    bool repeated = is_page_before(p, walk) || (p->at->walking && next.len > 0 && str_eq(next, p->at->next));

    timewalk_done(p, walk, false, ret_step);
    if (repeated)
        next = p->at->next;
    if (next.len == 0 || timewalk_is_past(walk))
        return;
    if (next.len > SOURCE_CURSOR_FIELD_MAX || (repeated && walk_was_repeated(p->at))) {
        ret_step->gap = true;
        return;
    }
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = ret_step->cursor.low,
                                              .next = next,
                                              .floor = floor_text(p, walk, repeated)};
}

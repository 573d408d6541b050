/* The page generator: a status is drawn from (run, index) alone, so that no state and no corpus is needed.
 * Texts are put together from fragments to about 150 bytes: HTML entities, links, line breaks, accents and
 * emoji in the shares that real timelines have. */
#include "bench_line_pages.h"

#include <stdio.h>
#include <time.h>

#define ID_BASE 115000000000000000LL
#define ID_RUN_STEP 100000000LL /* more than a run has statuses */
#define STATUS_STEP_MS 50       /* between two statuses */
#define TEXT_LEN_MIN 110        /* a fragment more goes over 150 */
#define PAGE_BYTES_MAX (4 * 1024 * 1024)

static const char *const hits[] = {
    "The @acme app is down again, nothing loads since this morning.",
    "I can&#39;t log in to my acme account, it only says server error.",
    "Is the acme website not working for anyone else? It keeps timing out.",
    "Worst customer service ever, acme still hasn&#39;t refunded me.",
    "Two hours on hold with acme support, absolutely useless.",
    "Acme charged me twice &amp; nobody answers my emails, I want my money back.",
    "Huge thanks to acme support, they were so helpful!",
    "I love the new acme app, works perfectly.",
};

static const char *const chatter[] = {
    "Picked up a parcel for my neighbour from the acme store on the way home.",
    "Does anybody know whether acme opens on Sundays?",
    "Acme has a second office in Leeds &amp; one in Bristol now.",
    "Reading about how acme got started in a garage in the nineties.",
    "My cousin starts at acme next Monday.",
    "Saw the acme van at the lights, the new logo is very blue.",
    "There is an acme quiz at the pub on Thursday.",
    "acme, but make it a font.",
};

static const char *const fillers[] = {
    "Then we walked along the canal for a while.",
    "It was raining, so we took the bus.",
    "The café next door does a good brunch 🥐",
    "Grüße aus München!",
    "<br />See you all on Thursday evening.",
    "Coffee first ☕️ as always.",
    "Somebody left a very long umbrella at the stop.",
    "“Not today,” said the cat.",
    "</p><p>More photos &#8211; some of them sharp &#8211; over the weekend.",
    "<a href=\"https://example.org/a/rather/long/path/to/a/page\" rel=\"nofollow noopener\" target=\"_blank\">"
    "<span class=\"invisible\">https://</span><span class=\"ellipsis\">example.org/a/rather/long/path</span>"
    "<span class=\"invisible\">/to/a/page</span></a>",
};

static const char *const names[] = {"Jo Doe", "Zoë 🌻", "M. O'Neil", "안녕", "Anna & Ben", "the_real_kim"};

/* splitmix64: one number for each (run, index, draw). */
static uint64_t draw(uint32_t run, uint32_t index, uint32_t n)
{
    uint64_t z = ((uint64_t)run << 40 ^ (uint64_t)index << 8 ^ n) + 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool page_status_hits(uint32_t run, uint32_t index)
{
    return draw(run, index, 0) % 100 < HIT_PERCENT;
}

static const char *pick(const char *const *list, size_t n, uint64_t number)
{
    return list[number % n];
}

static void append_content(uint32_t run, uint32_t index, struct buf *html)
{
    const char *first = page_status_hits(run, index) ? pick(hits, ARRAY_LEN(hits), draw(run, index, 1))
                                                     : pick(chatter, ARRAY_LEN(chatter), draw(run, index, 1));

    buf_printf(html, "<p>%s", first);
    for (uint32_t n = 2; html->len < TEXT_LEN_MIN; n++)
        buf_printf(html, " %s", pick(fillers, ARRAY_LEN(fillers), draw(run, index, n)));
    buf_append_str(html, STR(" <a href=\"https://social.example/tags/acme\" class=\"mention hashtag\" "
                             "rel=\"tag\">#<span>acme</span></a></p>"));
}

static void append_time(struct buf *out, int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    char text[32];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(out, "\"%s.%03dZ\"", text, (int)(at_ms % 1000));
}

static void append_account(struct buf *out, uint32_t run, uint32_t index)
{
    unsigned user = (unsigned)(draw(run, index, 100) % 90000);

    buf_printf(out, "{\"id\":\"10%06u\",\"username\":\"user%u\",\"acct\":\"user%u@social.example\",", user, user,
               user);
    buf_append_str(out, STR("\"display_name\":"));
    buf_append_json(out, str_from(pick(names, ARRAY_LEN(names), user)));
    buf_printf(out,
               ",\"locked\":false,\"bot\":false,\"discoverable\":true,\"indexable\":false,\"group\":false,"
               "\"created_at\":\"2019-04-01T00:00:00.000Z\",\"note\":\"<p>Cats, bikes &amp; bread. Opinions are "
               "lent.</p>\",\"url\":\"https://social.example/@user%u\","
               "\"uri\":\"https://social.example/users/user%u\","
               "\"avatar\":\"https://files.social.example/accounts/avatars/%u/original/a.png\","
               "\"avatar_static\":\"https://files.social.example/accounts/avatars/%u/original/a.png\","
               "\"header\":\"https://files.social.example/accounts/headers/%u/original/h.png\","
               "\"header_static\":\"https://files.social.example/accounts/headers/%u/original/h.png\","
               "\"followers_count\":%u,\"following_count\":212,\"statuses_count\":3120,"
               "\"last_status_at\":\"2026-01-15\",\"hide_collections\":false,\"noindex\":false,\"emojis\":[],"
               "\"roles\":[],\"fields\":[{\"name\":\"Home\",\"value\":\"<a href=\\\"https://example.org\\\">"
               "example.org</a>\",\"verified_at\":null}]}",
               user, user, user, user, user, user, user % 5000);
}

static void append_status(const struct page_set *set, uint32_t run, uint32_t index, struct buf *html,
                          struct buf *out)
{
    long long id = ID_BASE + (long long)run * ID_RUN_STEP + (set->n_statuses - index);

    buf_reset(html);
    append_content(run, index, html);
    buf_printf(out, "{\"id\":\"%lld\",\"created_at\":", id);
    append_time(out, set->newest_at_ms - (int64_t)index * STATUS_STEP_MS);
    buf_printf(out,
               ",\"in_reply_to_id\":null,\"in_reply_to_account_id\":null,\"sensitive\":false,"
               "\"spoiler_text\":\"\",\"visibility\":\"public\",\"language\":\"en\","
               "\"uri\":\"https://social.example/users/u/statuses/%lld\","
               "\"url\":\"https://social.example/@u/%lld\",\"replies_count\":%u,\"reblogs_count\":0,"
               "\"favourites_count\":%u,\"edited_at\":null,\"content\":",
               id, id, index % 3, index % 7);
    buf_append_json(out, buf_str(html));
    buf_append_str(out, STR(",\"reblog\":null,\"application\":{\"name\":\"Web\",\"website\":null},\"account\":"));
    append_account(out, run, index);
    buf_printf(out,
               ",\"media_attachments\":[],\"mentions\":[],\"tags\":[{\"name\":\"acme\","
               "\"url\":\"http://127.0.0.1:%u/tags/acme\"}],\"emojis\":[],\"card\":null,\"poll\":null}",
               set->port);
}

/* The index of the first status below max_id. */
static uint32_t first_index(const struct page_set *set, uint32_t run, struct str max_id)
{
    int64_t first = ID_BASE + (int64_t)run * ID_RUN_STEP, id;

    if (!str_to_i64(max_id, first, first + set->n_statuses, &id))
        return 0;
    return set->n_statuses - (uint32_t)(id - first) + 1;
}

bool page_make(const struct page_set *set, uint32_t run, struct str max_id, struct buf *out)
{
    uint32_t from = first_index(set, run, max_id);
    struct buf html = BUF_INIT(64 * 1024);

    buf_append_char(out, '[');
    for (uint32_t i = from; i < set->n_statuses && i < from + PAGE_STATUSES; i++) {
        if (i > from)
            buf_append_char(out, ',');
        append_status(set, run, i, &html, out);
    }
    buf_append_char(out, ']');
    buf_finish(&html);
    return !out->failed && out->len < PAGE_BYTES_MAX;
}

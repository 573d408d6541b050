/* Videos and comments as mentions. Search results are escaped as HTML and cut short; comments are plain text
 * when asked for as such. Members of deleted users are missing. */
#include "mentiond/text.h"
#include "sources/youtube.h"

#define NETWORK "youtube"
#define WATCH "https://www.youtube.com/watch?v="
#define TEXT_LIMIT (64 * 1024)

static struct str unescaped(const struct parsing *p, struct str text)
{
    struct buf b = BUF_INIT(TEXT_LIMIT);
    struct str copy = STR("");

    if (text_unescape(text, &b))
        copy = arena_str(p->arena, buf_str(&b));
    buf_finish(&b);
    return copy.s ? copy : STR("");
}

static struct str without_at(struct str handle)
{
    return str_starts_with(handle, STR("@")) ? str_slice(handle, 1, handle.len) : handle;
}

static void begin(const struct parsing *p, struct str id, const char *kind, struct mention *m)
{
    m->network = STR(NETWORK);
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(id));
    m->kind = str_from(kind);
    m->fetched_at_ms = p->reply->received_at_ms;
    m->backfill = p->at->low.len == 0;
}

struct mention *youtube_video_read(const struct parsing *p, const json_t *item)
{
    const json_t *snippet = json_get(item, "snippet");
    struct str id = json_get_text(json_get(item, "id"), "videoId"), title, about;
    struct mention *m = id.len > 0 && json_is_object(snippet) ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "a search result that is no video, or is one too many");
        return NULL;
    }
    begin(p, id, "video", m);
    title = unescaped(p, json_get_text(snippet, "title"));
    about = unescaped(p, json_get_text(snippet, "description"));
    m->text = arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(title), about.len ? "\n\n" : "", STR_FMT(about));
    m->truncated = str_ends_with(about, STR("..."));
    m->url = arena_printf(p->arena, WATCH "%.*s", STR_FMT(id));
    m->author.name = m->author.handle = unescaped(p, json_get_text(snippet, "channelTitle"));
    m->author.id = json_get_text(snippet, "channelId");
    if (m->author.id.len == 0)
        m->author.id = m->author.name.len > 0 ? m->author.name : STR("[deleted]");
    m->conversation = id;
    m->created_at_ms = json_get_time_ms(snippet, "publishedAt");
    mention_set_lang(m, STR(""));
    return m;
}

int64_t youtube_comment_time_ms(const json_t *comment)
{
    return json_get_time_ms(json_get(comment, "snippet"), "publishedAt");
}

struct str youtube_comment_author(const json_t *comment)
{
    return without_at(json_get_text(json_get(comment, "snippet"), "authorDisplayName"));
}

static void read_author(const json_t *comment, struct mention_author *ret)
{
    const json_t *snippet = json_get(comment, "snippet");

    ret->name = ret->handle = youtube_comment_author(comment);
    ret->id = json_get_text(json_get(snippet, "authorChannelId"), "value");
    if (ret->id.len == 0)
        ret->id = ret->name.len > 0 ? ret->name : STR("[deleted]");
}

struct mention *youtube_comment_read(const struct parsing *p, const json_t *comment, struct str video,
                                     struct str thread, struct str answered)
{
    const json_t *snippet = json_get(comment, "snippet");
    struct str id = json_get_text(comment, "id"), text = json_get_text(snippet, "textOriginal");
    struct mention *m;
    int64_t updated_ms;

    if (text.len == 0)
        text = json_get_text(snippet, "textDisplay");
    m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;
    if (!m) {
        page_skip(p->page, "comment '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return NULL;
    }
    begin(p, id, "comment", m);
    m->text = text;
    read_author(comment, &m->author);
    if (video.len > 0)
        m->url = arena_printf(p->arena, WATCH "%.*s&lc=%.*s", STR_FMT(video), STR_FMT(id));
    m->conversation = thread.len > 0 ? thread : id;
    m->in_reply_to = thread;
    m->in_reply_to_author = answered;
    m->created_at_ms = json_get_time_ms(snippet, "publishedAt");
    updated_ms = json_get_time_ms(snippet, "updatedAt");
    m->edited_at_ms = updated_ms > m->created_at_ms ? updated_ms : 0;
    m->likes = json_get_i64(snippet, "likeCount", -1);
    mention_set_lang(m, STR(""));
    return m;
}

/* What a mention is to us, beyond what its network says: whose brand, written by us or to us, within the
 * limits of the record, and which class the rules give it. */
#include "mentiond/text.h"
#include "poller_internal.h"

/* "@name", "name@host" and "name" are the same to people; a host given on both sides must agree. */
static bool same_handle(struct str a, struct str b)
{
    struct str host_a, host_b, name_a, name_b;

    if (a.len && a.s[0] == '@')
        a = str_slice(a, 1, a.len);
    if (b.len && b.s[0] == '@')
        b = str_slice(b, 1, b.len);
    if (a.len == 0 || b.len == 0)
        return false;
    name_a = str_split(a, '@', &host_a);
    name_b = str_split(b, '@', &host_b);
    return str_eq_nocase(name_a, name_b) && (!host_a.len || !host_b.len || str_eq_nocase(host_a, host_b));
}

static bool is_own(const struct brand_settings *brand, struct str network, struct str who)
{
    for (size_t i = 0; i < brand->n_own_accounts; i++) {
        if (str_eq(brand->own_accounts[i].network, network) &&
            same_handle(brand->own_accounts[i].handle, who))
            return true;
    }
    return false;
}

static bool is_handle_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* "@handle" as a word of the text: for networks that do not say who is addressed. */
static bool text_names(struct str text, struct str handle)
{
    struct str host, name = str_split(handle, '@', &host);
    size_t from = 0;

    while (name.len && from < text.len) {
        const char *at = memchr(text.s + from, '@', text.len - from);
        size_t start, end;

        if (!at)
            return false;
        start = (size_t)(at - text.s) + 1;
        end = start + name.len;
        if (end <= text.len && str_eq_nocase(str_slice(text, start, end), name) &&
            (end == text.len || !is_handle_char(text.s[end])) &&
            (start == 1 || !is_handle_char(text.s[start - 2])))
            return true;
        from = start;
    }
    return false;
}

static bool is_addressed(const struct brand_settings *brand, const struct mention *m)
{
    if (m->own_parent)
        return true;
    for (size_t i = 0; i < m->n_named; i++) {
        if (is_own(brand, m->network, m->named[i]))
            return true;
    }
    for (size_t i = 0; i < brand->n_own_accounts; i++) {
        if (str_eq(brand->own_accounts[i].network, m->network) &&
            text_names(m->text, brand->own_accounts[i].handle))
            return true;
    }
    return false;
}

static void find_also(const struct poll_brand *brand, struct mention *m)
{
    const struct poller *poller = brand->poller;

    for (size_t i = 0; i < poller->n_brands && m->n_also < MENTION_ALSO_MAX; i++) {
        const struct poll_brand *other = &poller->brands[i];

        if (other != brand && other->terms && term_set_match(other->terms, m->text))
            m->also[m->n_also++] = other->settings->name;
    }
}

static const struct outage_lens no_lens;

enum judge_result judge_mention(const struct source *source, const struct poll_brand *brand,
                                struct mention *m, int64_t fetched_at_ms, struct arena *arena,
                                struct error *err)
{
    m->brand = source->brand;
    m->source = source->name;
    m->fetched_at_ms = fetched_at_ms;
    if (brand->exclude && term_set_match(brand->exclude, m->text))
        return JUDGE_EXCLUDED;
    if (source->driver->loose_search && !source->unfiltered && brand->terms &&
        !term_set_match(brand->terms, m->text) && !term_set_match(brand->terms, m->url))
        return JUDGE_UNRELATED;
    if (mention_check(m, err) < 0)
        return JUDGE_REFUSED;
    m->own = is_own(brand->settings, m->network, m->author.handle) ||
             is_own(brand->settings, m->network, m->author.id);
    m->own_parent = is_own(brand->settings, m->network, m->in_reply_to_author);
    m->addressed = !m->own && is_addressed(brand->settings, m);
    find_also(brand, m);
    if (str_eq(m->lang, STR("und")))
        m->lang = text_language(m->text);
    if (ruleset_judge(brand->rules, m, arena, err) < 0)
        return JUDGE_REFUSED;
    outage_look(brand->lens ? brand->lens : &no_lens, brand->settings, m, arena);
    return JUDGE_KEEP;
}

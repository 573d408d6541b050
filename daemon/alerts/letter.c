/* Letters: what one channel has to be told of one group. */
#include "alerts/outbox.h"

bool letter_set(char **text, struct str value)
{
    char *copy = str_dup(value);

    if (!copy)
        return false;
    free(*text);
    *text = copy;
    return true;
}

struct letter *letter_find(struct mailbox *mailbox, const struct alert_route *route, struct str key)
{
    struct letter *letter;

    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->route == route && str_eq(str_from(letter->key), key))
            return letter;
    }
    return NULL;
}

void letter_drop(struct letter *letter)
{
    struct mailbox *mailbox = letter->mailbox;

    if (mailbox->under_way == letter)
        mailbox->under_way = NULL;
    TAILQ_REMOVE(&mailbox->letters, letter, entry);
    mailbox->n_letters--;
    free(letter->key);
    free(letter->type);
    free(letter->brand);
    free(letter->event_id);
    free(letter->fields);
    free(letter->memo);
    free(letter);
}

/* The one that is only remembered, and longest so, makes room. */
static void make_room(struct mailbox *mailbox)
{
    struct letter *letter, *oldest = NULL;

    if (mailbox->n_letters < OUTBOX_GROUPS_MAX)
        return;
    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->since_ms == 0 && letter != mailbox->under_way &&
            (!oldest || letter->at_ms < oldest->at_ms))
            oldest = letter;
    }
    if (oldest)
        letter_drop(oldest);
}

struct letter *letter_get(struct mailbox *mailbox, const struct alert_route *route, struct str key)
{
    struct letter *letter = letter_find(mailbox, route, key);

    if (letter)
        return letter;
    make_room(mailbox);
    letter = calloc(1, sizeof(*letter));
    if (!letter)
        return NULL;
    letter->mailbox = mailbox;
    letter->route = route;
    TAILQ_INSERT_TAIL(&mailbox->letters, letter, entry);
    mailbox->n_letters++;
    if (letter_set(&letter->key, key) && letter_set(&letter->type, STR("")) &&
        letter_set(&letter->brand, STR("")) && letter_set(&letter->event_id, STR("")) &&
        letter_set(&letter->fields, STR("")) && letter_set(&letter->memo, STR("")))
        return letter;
    letter_drop(letter);
    return NULL;
}

bool letter_event(const struct letter *letter, struct arena *arena, struct alert_event *ret)
{
    struct str rest = str_from(letter->fields);
    size_t n = 0, lines = 1;
    struct str *fields;

    for (size_t i = 0; i < rest.len; i++)
        lines += rest.s[i] == '\n';
    fields = arena_alloc(arena, (lines + 2) * sizeof(*fields));
    if (!fields)
        return false;
    while (rest.len > 0)
        fields[n++] = str_split(rest, '\n', &rest);
    *ret = (struct alert_event){
        .type = str_from(letter->type),
        .brand = str_from(letter->brand),
        .at_ms = letter->at_ms,
        .fields = fields,
        .n_fields = n - n % 2,
    };
    return true;
}

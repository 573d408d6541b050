/* "The one I hold": agents mostly hold one conversation, and then need not type its ID. */
#include "held.h"

#include <stdio.h>

#include "mentiond/clock.h"
#include "table.h"
#include "view.h"
#include "when.h"

#define DETAILS_MAX 20 /* rows that show the mention's own words */

enum exit_code held_ask(struct ctl *ctl, struct ask *ask)
{
    enum exit_code code = ask_begin(ask, ctl, "queue_stats", ASK_LOOK);

    if (code != CTL_DONE)
        return code;
    ask_text(ask, "agent", str_from(ctl->session->agent));
    return ask_send(ask, ASK_LOOK);
}

/* A mention's own words, in the list; what cannot be had is left empty. */
static void add_details(struct ctl *ctl, struct table *t, struct str id)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    struct str class, text;

    if (ask_begin(&ask, ctl, "mention_get", ASK_LOOK) != CTL_DONE)
        return;
    ask_text(&ask, "id", id);
    if (ask_send(&ask, ASK_LOOK) != CTL_DONE)
        return;
    class = json_get_text(ask.value, "class");
    text = json_get_text(json_get(ask.value, "mention"), "text");
    table_cell(t, view_class_style(class), class);
    table_cell(t, STYLE_PLAIN, text);
}

/* One row for each mention held; what waits in the conversation is told once, with the first. */
static void add_mention(struct ctl *ctl, struct table *t, const json_t *held, size_t index)
{
    struct str id = json_text(json_array_get(json_get(held, "mentions"), index));
    size_t row_end = t->n_cells + t->n_columns;
    int64_t waiting = json_get_i64(held, "waiting", 0);
    char until[WHEN_TEXT];

    when_ago(json_get_i64(held, "lease_until", 0), clock_now_ms(), until);
    table_cell(t, STYLE_BOLD, id);
    table_cell(t, STYLE_PLAIN, str_from(until));
    if (index == 0)
        table_cell_printf(t, STYLE_PLAIN, "%lld", (long long)waiting);
    else
        table_cell(t, STYLE_PLAIN, STR(""));
    if (row_end <= DETAILS_MAX * t->n_columns)
        add_details(ctl, t, id);
    while (t->n_cells < row_end && !t->failed)
        table_cell(t, STYLE_PLAIN, STR(""));
}

static void add_case(struct ctl *ctl, struct table *t, const json_t *held)
{
    for (size_t i = 0; i < json_array_size(json_get(held, "mentions")); i++)
        add_mention(ctl, t, held, i);
}

void held_print(struct ctl *ctl, const json_t *answer)
{
    static const struct column columns[] = {
        {"ID", false, 0},    {"ENDS", false, 0},  {"WAITING", true, 0},
        {"CLASS", false, 0}, {"TEXT", false, 10},
    };
    const json_t *mine = json_get(answer, "mine");
    struct table t;

    if (json_array_size(mine) == 0) {
        ctl_note("%s holds nothing ('mentionctl claim' takes the most urgent mention)",
                 ctl_agent(ctl));
        return;
    }
    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < json_array_size(mine); i++)
        add_case(ctl, &t, json_array_get(mine, i));
    table_print(&t, &ctl->out);
    table_finish(&t);
}

void held_print_json(struct ctl *ctl, const json_t *answer)
{
    const json_t *mine = json_get(answer, "mine");
    char *text = mine ? json_dumps(mine, JSON_COMPACT) : NULL;

    out_json(&ctl->out, text ? str_from(text) : STR("[]"));
    free(text);
}

/* The only held mention, or "" with the number of them. */
static struct str only_one(const json_t *mine, enum held_unit unit)
{
    const json_t *mentions = json_get(json_array_get(mine, 0), "mentions");

    if (json_array_size(mine) != 1 || json_array_size(mentions) == 0)
        return STR("");
    if (unit == HELD_MENTION && json_array_size(mentions) != 1)
        return STR("");
    return json_text(json_array_get(mentions, 0));
}

enum exit_code held_target(struct ctl *ctl, struct str given, enum held_unit unit,
                           char storage[MENTION_ID_MAX + 1], struct str *ret_id)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code;
    struct error err;
    struct str id;

    if (given.s) {
        *ret_id = given;
        return CTL_DONE;
    }
    code = held_ask(ctl, &ask);
    if (code != CTL_DONE)
        return code;
    id = only_one(json_get(ask.value, "mine"), unit);
    if (id.len > 0 && id.len <= MENTION_ID_MAX) {
        *ret_id = (struct str){storage, id.len};
        memcpy(storage, id.s, id.len);
        storage[id.len] = '\0';
        return CTL_DONE;
    }
    if (json_array_size(json_get(ask.value, "mine")) == 0) {
        error_set(&err, -ENOENT, "which mention? %s holds none; say its ID", ctl_agent(ctl));
    } else {
        error_set(&err, -ENOENT, "which mention? %s holds several; say one's ID", ctl_agent(ctl));
        if (ctl->common.json)
            held_print_json(ctl, ask.value);
        else
            held_print(ctl, ask.value);
    }
    return ctl_fail(ctl, &err);
}

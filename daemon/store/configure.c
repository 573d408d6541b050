/* brand_configure's arguments: what the functions need to know of a brand's settings. */
#include "store_internal.h"

static const char *const queue_none_names[] = {"addressed", "all", "never"};

static void languages(struct buf *out, const struct str_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"languages\":["));
        buf_append_json(out, list->items[i]);
    }
    if (list->n)
        buf_append_char(out, ']');
}

static void leads(struct buf *out, const struct str_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"agents\":{"));
        buf_append_json(out, list->items[i]);
        buf_append_str(out, STR(":\"lead\""));
    }
    if (list->n)
        buf_append_char(out, '}');
}

int store_configure_args(const struct settings *settings, const struct brand_settings *brand,
                         struct buf *ret_json)
{
    buf_printf(ret_json, "{\"generation\":%lld,\"cluster\":false,\"queue_none\":\"%s\"",
               (long long)settings->generation, queue_none_names[brand->queue_none]);
    buf_append_str(ret_json, STR(",\"targets\":{"));
    for (unsigned class = CLASS_NONE; class < CLASS_COUNT; class++)
        buf_printf(ret_json, "%s\"%s\":%lld", class ? "," : "", mention_class_name(class),
                   (long long)brand->target_ms[class]);
    buf_append_char(ret_json, '}');
    languages(ret_json, &brand->languages);
    leads(ret_json, &brand->leads);
    buf_printf(ret_json, ",\"lease_ms\":%lld,\"max_claims\":%lld,\"horizon_ms\":%lld",
               (long long)brand->lease_ms, (long long)brand->max_claims, (long long)brand->horizon_ms);
    buf_printf(ret_json, ",\"reopen_window_ms\":%lld,\"keep_ms\":%lld,\"keep_entries\":%lld}",
               (long long)brand->reopen_window_ms, (long long)settings->events_keep_ms,
               (long long)settings->events_keep_entries);
    return ret_json->failed ? error_oom(NULL) : 0;
}

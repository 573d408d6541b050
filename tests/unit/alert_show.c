/* A channel by hand, for test_alert_channels.py: alert_show TYPE OPTIONS WORDS PHASE NOW_MS prints the
 * request that the channel makes of a notice as JSON. OPTIONS are the channel's keys as in config.yaml. Where
 * WORDS are given, every text of the notice is made of them, cleaned as notice makers do. */
#include "alert_rig.h"

static void put(const char *name, struct str value, const char *after)
{
    struct buf b = BUF_INIT(1024 * 1024);

    buf_append_json(&b, value);
    printf("\"%s\":%s%s", name, buf_str(&b).s, after);
    buf_finish(&b);
}

static void show(const struct http_request *http)
{
    printf("{");
    put("method", str_from(http->method), ",");
    put("url", http->url, ",");
    put("body", http->body, ",");
    printf("\"headers\":{");
    for (size_t i = 0; i < http->n_headers; i++) {
        char name[64];

        snprintf(name, sizeof(name), "%.*s", STR_FMT(http->headers[i].name));
        put(name, http->headers[i].value, i + 1 < http->n_headers ? "," : "");
    }
    printf("}}\n");
}

static const struct alert_channel *find(const char *name)
{
    for (size_t i = 0; alert_channels[i]; i++) {
        if (strcmp(alert_channels[i]->name, name) == 0)
            return alert_channels[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct alert_channel *channel = argc == 6 ? find(argv[1]) : NULL;
    struct alert_rig rig;
    int code;

    if (!channel)
        return 2;
    rig_init(&rig, channel, argv[2]);
    if (argv[3][0])
        rig_fill(&rig, alert_clean(str_from(argv[3]), true, &rig.arena));
    rig.notice.url = STR("https://mentiond.example/outages/o1");
    rig.notice.phase = (enum alert_phase)atoi(argv[4]);
    code = channel->prepare(&rig.target, &rig.notice, STR(""), strtoll(argv[5], NULL, 10), &rig.arena,
                            &rig.request, &rig.err);
    if (code == 0)
        show(&rig.request.http);
    else
        fprintf(stderr, "%s\n", rig.err.text);
    rig_finish(&rig);
    return code ? 1 : 0;
}

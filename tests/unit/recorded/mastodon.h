/* Mastodon 4.6, mastodon.social, GoToSocial, snac: timelines, single statuses (fed as a timeline of one),
 * searches, notifications, refusals; and answers to questions that mentiond does not ask. */
#include "recorded.h"

#define SEARCH "query: hoot\n"
#define MENTIONS "look: mentions\n"
#define PUBLIC "look: public\n"

static const struct recorded_file mastodon_files[] = {
    {.name = "constructed_429.json", .outcome = TO_WAIT},
    {.name = "constructed_503_html.html", .outcome = TO_RETRY},
    {.name = "error_401_invalid_token.json", .outcome = TO_STOP},
    {.name = "error_404_record_not_found.json", .outcome = TO_DONE},
    {.name = "error_404_status_missing.json", .outcome = TO_DONE},
    {.name = "error_422_localized_german.json", .outcome = TO_STOP},
    {.name = "gotosocial_status.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "gotosocial_status_html_content_warning.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "gotosocial_status_unknown_attachments.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "instance_v2_localhost.json", .outcome = TO_ERROR},
    {.name = "instance_v2_mastodon_social.json", .outcome = TO_ERROR},
    {.name = "notifications_empty.json", .outcome = TO_DONE, .options = MENTIONS},
    {.name = "notifications_mention.json", .outcome = TO_PAGE, .mentions = 1, .options = MENTIONS},
    {.name = "oauth_authorization_server_metadata.json", .outcome = TO_ERROR},
    {.name = "public_timeline_anonymous.json", .outcome = TO_PAGE, .mentions = 8, .options = PUBLIC},
    {.name = "search_accounts_hashtags.json", .outcome = TO_DONE, .options = SEARCH},
    {.name = "search_all_types.json", .outcome = TO_PAGE, .mentions = 2, .options = SEARCH},
    {.name = "search_statuses_empty.json", .outcome = TO_DONE, .options = SEARCH},
    {.name = "snac_error_401_no_token.json", .outcome = TO_STOP},
    {.name = "snac_home_timeline.json", .outcome = TO_PAGE, .mentions = 2, .options = PUBLIC},
    {.name = "snac_instance.json", .outcome = TO_ERROR},
    {.name = "snac_notifications.json", .outcome = TO_DONE, .options = MENTIONS},
    {.name = "snac_public_timeline.json", .outcome = TO_PAGE, .mentions = 4, .options = PUBLIC},
    {.name = "snac_public_timeline_no_token.json", .outcome = TO_DONE, .options = PUBLIC},
    {.name = "snac_search_statuses.json", .outcome = TO_DONE, .options = SEARCH},
    {.name = "snac_tag_timeline_unsupported.json", .outcome = TO_STOP},
    {.name = "status_after_edit.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_before_edit.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_boost.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_content_warning.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_context_thread.json", .outcome = TO_ERROR},
    {.name = "status_edit_history.json", .outcome = TO_DONE, .skipped = 2},
    {.name = "status_preview_card.json", .outcome = TO_PAGE, .skipped = 1, .bare = true},
    {.name = "status_remote_custom_emoji_mentions.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_remote_media.json", .outcome = TO_PAGE, .skipped = 1, .bare = true},
    {.name = "status_remote_poll.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_remote_quote.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_reply.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_reply_with_quote.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "status_unlisted.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "stream_user_update.sse", .outcome = TO_ERROR},
    {.name = "tag_timeline_empty_end.json", .outcome = TO_DONE},
    {.name = "tag_timeline_min_id_nothing_new.json", .outcome = TO_DONE},
    {.name = "tag_timeline_one.json", .outcome = TO_PAGE, .mentions = 1},
    {.name = "tag_timeline_page1.json", .outcome = TO_PAGE, .mentions = 10},
    {.name = "tag_timeline_page2.json", .outcome = TO_PAGE, .mentions = 10},
    {.name = "tag_timeline_page3_last.json", .outcome = TO_PAGE, .mentions = 10},
    {0},
};

#undef SEARCH
#undef MENTIONS
#undef PUBLIC

static const struct recorded_network recorded_mastodon = {
    .name = "mastodon",
    .driver = "mastodon",
    .options = "hashtags: [hoot]\n",
    .account = "instance: http://localhost:3000\ntoken: ${TEST_TOKEN}\n",
    .session = "",
    .low = "1",
    .before = "[",
    .after = "]",
    .files = mastodon_files,
};

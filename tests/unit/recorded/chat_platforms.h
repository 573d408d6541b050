/* Telegram's updates, one a file, and Discord's messages and refusals. Each driver says of the other's files
 * that they are nothing of its own. */
#include "recorded.h"

static const struct recorded_file telegram_files[] = {
    {.name = "discord_202_index_not_ready.json", .outcome = TO_ERROR},
    {.name = "discord_429_global.json", .outcome = TO_WAIT},
    {.name = "discord_429_user.json", .outcome = TO_WAIT},
    {.name = "discord_message_example_0.json", .outcome = TO_ERROR},
    {.name = "discord_message_example_1.json", .outcome = TO_ERROR},
    {.name = "telegram_error_409_conflict.json", .outcome = TO_WAIT, .status = 409},
    {.name = "telegram_update_00_message.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "telegram_update_01_message.json", .outcome = TO_PAGE, .bare = true}, /* a story: no text */
    {.name = "telegram_update_03_message.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "telegram_update_04_message.json", .outcome = TO_PAGE, .bare = true}, /* somebody pinned something */
    {.name = "telegram_update_06_new_update_kind.json", .outcome = TO_PAGE, .bare = true},
    {.name = "telegram_update_07_my_chat_member.json", .outcome = TO_DONE, .bare = true}, /* update 0: nowhere to go */
    {.name = "telegram_update_09_message_reaction.json", .outcome = TO_PAGE, .bare = true},
    {.name = "telegram_update_10_message_reaction_count.json", .outcome = TO_PAGE, .bare = true},
    {.name = "telegram_update_12_removed_chat_boost.json", .outcome = TO_PAGE, .bare = true},
    {.name = "telegram_update_13_purchased_paid_media.json", .outcome = TO_PAGE, .bare = true},
    {0},
};

static const struct recorded_network recorded_telegram = {
    .name = "chat_platforms",
    .driver = "telegram",
    .options = "private_chats: true\n",
    .account = "token: ${TEST_TOKEN}\n",
    .session = "",
    .low = "1",
    .before = "{\"ok\":true,\"result\":[",
    .after = "]}",
    .files = telegram_files,
};

static const struct recorded_file discord_files[] = {
    {.name = "discord_202_index_not_ready.json", .outcome = TO_WAIT},
    {.name = "discord_429_global.json", .outcome = TO_WAIT},
    {.name = "discord_429_user.json", .outcome = TO_WAIT},
    {.name = "discord_message_example_0.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "discord_message_example_1.json", .outcome = TO_PAGE, .mentions = 1, .bare = true},
    {.name = "telegram_error_409_conflict.json", .outcome = TO_STOP, .status = 409},
    {.name = "telegram_update_00_message.json", .outcome = TO_ERROR},
    {.name = "telegram_update_01_message.json", .outcome = TO_ERROR},
    {.name = "telegram_update_03_message.json", .outcome = TO_ERROR},
    {.name = "telegram_update_04_message.json", .outcome = TO_ERROR},
    {.name = "telegram_update_06_new_update_kind.json", .outcome = TO_ERROR},
    {.name = "telegram_update_07_my_chat_member.json", .outcome = TO_ERROR},
    {.name = "telegram_update_09_message_reaction.json", .outcome = TO_ERROR},
    {.name = "telegram_update_10_message_reaction_count.json", .outcome = TO_ERROR},
    {.name = "telegram_update_12_removed_chat_boost.json", .outcome = TO_ERROR},
    {.name = "telegram_update_13_purchased_paid_media.json", .outcome = TO_ERROR},
    {0},
};

static const struct recorded_network recorded_discord = {
    .name = "chat_platforms",
    .driver = "discord",
    .options = "guild: '1'\nchannel: '290926798999357250'\n",
    .account = "token: ${TEST_TOKEN}\n",
    .session = "",
    .low = "1",
    .before = "[",
    .after = "]",
    .files = discord_files,
};

/* YouTube. Replies and lists of videos are no answers to a search: nothing is taken from them. */
#include "recorded.h"

#define YOUTUBE_COMMENTS "comments_of: UCa-vrCLQHviTOVnEKDOdetQ\n"

static const struct recorded_file youtube_files[] = {
    RECORDED("comments_replies_page1.json", TO_PAGE, 0, 2),
    RECORDED("commentthreads_all_related_to_channel.json", TO_PAGE, 4, 0, .options = YOUTUBE_COMMENTS),
    RECORDED("commentthreads_searchterms.json", TO_DONE, 1, 0, .options = YOUTUBE_COMMENTS),
    RECORDED("commentthreads_video_page1.json", TO_PAGE, 5, 0, .options = YOUTUBE_COMMENTS),
    RECORDED("commentthreads_video_page2.json", TO_PAGE, 5, 0, .options = YOUTUBE_COMMENTS),
    RECORDED("error_400_keyinvalid.json", TO_STOP, 0, 0, .status = 400),
    RECORDED("error_403_api_key_blocked.json", TO_STOP, 0, 0),
    RECORDED("error_403_permission.json", TO_STOP, 0, 0, .status = 403),
    RECORDED("error_403_quotaExceeded.json", TO_WAIT, 0, 0),
    RECORDED("search_channels.json", TO_PAGE, 0, 5),
    RECORDED("search_event_live.json", TO_PAGE, 25, 0),
    RECORDED("search_keywords_page1.json", TO_PAGE, 25, 0),
    RECORDED("search_keywords_page2.json", TO_PAGE, 25, 0),
    RECORDED("videos_list_statistics.json", TO_DONE, 0, 2),
    {0},
};

static const struct recorded_network recorded_youtube = {
    .name = "youtube",
    .driver = "youtube",
    .options = "query: acme\n",
    .account = "key: ${TEST_TOKEN}\n",
    .session = "",
    .low = "100000000",
    .files = youtube_files,
};

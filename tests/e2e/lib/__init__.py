"""What the end-to-end tests stand on: a private Redis, the real programs, and scripted networks.

`site`      one test's folder: config, Redis, daemons, and short words for what is in Redis
`daemon`    mentiond as a process, its log read line by line
`web`       an HTTP server on loopback that answers as a test says
`mastodon`, `bluesky`, `hackernews`  networks on top of it, in the true shape of their answers
`unruly`    what further scripted networks share: pages repeated and in any order, late posts, deletions
`feed`      a feed in its formats
`telegram`, `discord`  chats
`anyjson`   an API that nobody wrote a driver for
`posts`     posts and a small rule pack that judges them without doubt
"""

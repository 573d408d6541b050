
-- ingest ----------------------------------------------------------------------------------------
-- A batch of mentions with the cursor it stands for, in one step.

local ingest = {}

local SOURCE = '^[A-Za-z0-9._-]+$'

ingest.source_schema = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    req = text(64), test_now = whole(0, MAX_MS),
}

ingest.refuse_schema = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    id = text(limits.id_bytes), reason = needed(text(256)),
    item = text(limits.mention_bytes, { free = true }), req = text(64),
    test_now = whole(0, MAX_MS),
}

local HEADER = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    seq = needed(whole(1, MAX_MS)), cursor = needed(text(limits.cursor_bytes, { free = true })),
    fetched_at = needed(whole(0, MAX_MS)), no_horizon = FLAG, test_now = whole(0, MAX_MS),
    fields = FLAG, m = { kind = 'list', max = limits.batch, item = { kind = 'object' } },
}

function kinds.object(v)
    if type(v) ~= 'table' then
        return 'an object'
    end
end

local function name_of(max)
    return text(max, { free = true })
end

local MENTION = {
    id = needed(text(limits.id_bytes)), native = name_of(limits.id_bytes),
    network = needed(name_of(32)), lang = name_of(35),
    class = needed(choice(CLASSES)), score = whole(-MAX_MS, MAX_MS),
    created_at = needed(whole(0, MAX_MS)),
    conversation = name_of(limits.id_bytes), in_reply_to = name_of(limits.id_bytes),
    author = name_of(limits.id_bytes), repost_of = name_of(limits.id_bytes),
    followers = whole(0, MAX_MS), age_days = whole(0, 100000), place = name_of(256),
    topics = list(name_of(256), 16), signals = list(name_of(64), 16),
    words = list(whole(0, 4294967295), 24),
    own = FLAG, own_parent = FLAG, root_own = FLAG, addressed = FLAG, backfill = FLAG,
    down = FLAG, repeats = FLAG, back = FLAG,
}

local REQUIRED = { 'id', 'network', 'class', 'created_at' }

local function check_fields(e, at)
    local prefix = 'mention=' .. at .. ' '
    for _, name in ipairs(REQUIRED) do
        if e[name] == nil then
            fail('BADARG ' .. prefix .. 'field=' .. name .. ' missing')
        end
    end
    args.check_known(e, MENTION, prefix)
end

-- Two forms of the same: objects in the header's `m`, for people; and, for the daemon, all fields as texts
-- that each end with a zero byte, which cost a quarter of that to read. Both become the same table: numbers that
-- only the event needs stay text, lists are text with commas, flags are true or nil.

local wire = {}

do -- a scope of its own: Lua has room for 200 names in a file

local FIELDS = { 'id', 'network', 'class', 'created_at', 'lang', 'author', 'followers', 'age_days',
    'place', 'topics', 'signals', 'words', 'flags', 'native', 'conversation', 'in_reply_to', 'repost_of' }
local FORM = ('s'):rep(17)
local FLAGS = { o = 'own', p = 'own_parent', r = 'root_own', a = 'addressed', b = 'backfill',
    d = 'down', t = 'repeats', u = 'back' }
local LISTS = { topics = true, signals = true, words = true }
local NUMBERS = { created_at = true, followers = true, age_days = true }

local function joined(items)
    return items and table.concat(items, ',') or ''
end

function wire.from_object(e)
    e.created, e.created_at = e.created_at, nil
    e.topics, e.signals = joined(e.topics), joined(e.signals)
    local words = {}
    for i, word in ipairs(e.words or {}) do
        words[i] = int(word)
    end
    e.words = joined(words)
    e.followers = e.followers and int(e.followers)
    e.age_days = e.age_days and int(e.age_days)
    for _, name in pairs(FLAGS) do
        e[name] = args.truth(e[name]) or nil
    end
    return e
end

local function items_of(text_, number)
    local items = {}
    for item in (text_ .. ','):gmatch('([^,]*),') do
        items[#items + 1] = number and (tonumber(item) or item) or item
    end
    return items
end

-- letters -> the names they stand for; there are few sets of them
local flag_sets = {}

local function flag_set(letters, at)
    local names = {}
    for letter in letters:gmatch('.') do
        local name = FLAGS[letter]
        if not name then
            fail('BADARG mention=' .. at .. ' field=flags wanted: of the letters oprabdtu')
        end
        names[#names + 1] = name
    end
    if #letters <= 5 then
        flag_sets[letters] = names
    end
    return names
end

local function set_flags(e, letters, at)
    local names = flag_sets[letters] or flag_set(letters, at)
    for i = 1, #names do
        e[names[i]] = true
    end
end

-- The quick look was in doubt. This says what is wrong, in the words of the other form.
local function read_slowly(values, at)
    local e = {}
    for i, name in ipairs(FIELDS) do
        local v = values[i]
        if v ~= '' then
            e[name] = LISTS[name] and items_of(v, name == 'words')
                or NUMBERS[name] and v:find('^%d+$') and tonumber(v) or v
        end
    end
    local flags = e.flags or ''
    e.flags = nil
    check_fields(e, at)
    wire.from_object(e)
    set_flags(e, flags, at)
    return e
end

local MAX_DIGITS = 15
local CLASS = MENTION.class.of

-- (One long condition: a call costs more than what it would ask. And few fields: with more than 16 of them Lua
-- makes a table anew at twice the size, so what is mostly empty comes later, and due time and lane stay outside.)
local function read_one(at, id, network, class, created, lang, author, followers, age, place, topics,
        signals, words, flags, native, conv, reply, repost)
    local max = limits.id_bytes
    if not (CLASS[class] and #id <= max and id:find('^%C+$') and #network <= 32 and created ~= ''
        and (created .. followers .. age):find('^%d+$')
        and #created <= MAX_DIGITS and #lang <= 35 and #author <= max and #followers <= MAX_DIGITS
        and #age <= 5 and #place <= 256 and #topics <= 256 and #signals <= 64
        and (words == '' or #words <= 264 and words:find('^[%d,]*$')) and #native <= max
        and #conv <= max and #reply <= max and #repost <= max) then
        return read_slowly({ id, network, class, created, lang, author, followers, age, place, topics,
            signals, words, flags, native, conv, reply, repost }, at)
    end
    local e = { id = id, network = network, class = class, created = tonumber(created),
        created_text = created, lang = lang, author = author ~= '' and author or nil,
        followers = followers, age_days = age, place = place, topics = topics, signals = signals,
        words = words }
    if flags ~= '' then
        set_flags(e, flags, at)
    end
    if native ~= '' then
        e.native = native
    end
    if conv ~= '' then
        e.conversation = conv
    end
    if reply ~= '' then
        e.in_reply_to = reply
    end
    if repost ~= '' then
        e.repost_of = repost
    end
    return e
end

-- All fields of all mentions, one after the other. Raises an error when a text has no end.
function wire.read(raw)
    local entries, n, at, size = {}, 0, 1, #raw
    local unpack_ = struct.unpack
    while at <= size do
        if n == limits.batch then
            fail('BADARG field=fields wanted: of at most ' .. limits.batch .. ' mentions')
        end
        local id, network, class, created, lang, author, followers, age, place, topics, signals, words,
            flags, native, conv, reply, repost, next_at = unpack_(FORM, raw, at)
        n, at = n + 1, next_at
        entries[n] = read_one(n - 1, id, network, class, created, lang, author, followers, age, place,
            topics, signals, words, flags, native, conv, reply, repost)
    end
    return entries
end

end

local function check_mention(e, body, at, networks)
    local id, network = e.id, e.network
    local prefix = networks[network]
    if not prefix then
        if not network:find('^[a-z0-9_]+$') then
            fail('BADARG mention=' .. at .. ' field=network wanted: the form [a-z0-9_]+')
        end
        prefix = network .. ':'
        networks[network] = prefix
    end
    if id:sub(1, #prefix) ~= prefix or #id == #prefix then
        fail('BADARG mention=' .. at .. ' field=id wanted: the network and ":" first')
    end
    if #body > limits.mention_bytes or body:byte(1) ~= 123 or body:byte(-1) ~= 125 then
        fail('BADARG mention=' .. at .. ' field=json wanted: one JSON object of at most '
            .. limits.mention_bytes .. ' bytes')
    end
end

local function check_objects(entries)
    for i, e in ipairs(entries) do
        check_fields(e, i - 1)
        wire.from_object(e)
    end
    return entries
end

local function read_fields(raw)
    if not raw or #raw > limits.batch_bytes then
        fail('BADARG field=fields wanted: 17 texts for each mention given')
    end
    local ok, entries = pcall(wire.read, raw)
    if ok then
        return entries
    end
    local word = type(entries) == 'table' and entries.err or entries
    if word:find('^BADARG') then
        fail(word)
    end
    fail('BADARG field=fields wanted: 17 texts for each mention, each ended by a zero byte')
end

-- The header with its mentions, however they were written. Answers where in `values` their bodies begin.
local function check_batch(header, values)
    args.check(header, HEADER)
    local first = 2
    if args.truth(header.fields) then
        if header.m then
            fail('BADARG field=m wanted: not beside fields')
        end
        header.m, first = read_fields(values[2]), 3
    else
        if not header.m then
            fail('BADARG field=m missing')
        end
        check_objects(header.m)
    end
    if #values - first + 1 ~= #header.m then
        fail('BADARG field=m wanted: one for each mention given')
    end
    local bytes, networks = 0, {}
    for i, e in ipairs(header.m) do
        local body = values[first + i - 1]
        check_mention(e, body, i - 1, networks)
        bytes = bytes + #body
    end
    if bytes > limits.batch_bytes then
        fail('BADARG field=m wanted: at most 1 MiB')
    end
    return first
end

-- sources: the lease that may write, and what is stored

local function source_key(cx, name)
    return keys.of(cx, 'source', name)
end

-- The account's lease lives in another slot; its holder brings it here once. From then on a batch
-- must name exactly this lease.
function ingest.open(cx, given)
    local key = source_key(cx, given.source)
    local stored = redis.call('HMGET', key, 'lease', 'seq', 'cursor')
    local function counter(lease)
        return tonumber(lease:match('^(%d+):'))
    end
    if stored[1] and counter(given.lease) < counter(stored[1]) then
        fail('STALE lease=' .. stored[1]:match('^(%d+):'))
    end
    redis.call('HSET', key, 'lease', given.lease)
    return json_object({ { 'seq', stored[2] or '0' }, { 'cursor', json_text(stored[3] or '') } })
end

local function must_lease(cx, given)
    local stored = redis.call('HMGET', source_key(cx, given.source), 'lease', 'seq', 'reply')
    if stored[1] ~= given.lease then
        fail('STALE lease=' .. (stored[1] and stored[1]:match('^(%d+):') or 'none'))
    end
    return tonumber(stored[2] or 0), stored[3]
end

-- A mention that cannot be stored is set aside with the reason, so it never stops its source.
function ingest.refuse(cx, given)
    must_lease(cx, given)
    local set_aside = keys.of(cx, 'refused')
    redis.call('LPUSH', set_aside, json_object({ { 'source', json_text(given.source) },
        { 'id', given.id and json_text(given.id) }, { 'reason', json_text(given.reason) },
        { 'at', cx.stamp }, { 'item', given.item and json_text(given.item) } }))
    redis.call('LTRIM', set_aside, 0, limits.refused - 1)
    events.count(cx, 'mention.refused')
    events.append(cx, 'type', 'mention.refused', 'id', given.id or '', 'source', given.source,
        'reason', given.reason)
    return json_object({ { 'refused', int(redis.call('LLEN', set_aside)) } })
end

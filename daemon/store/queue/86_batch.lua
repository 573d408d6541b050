
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
    m = needed({ kind = 'list', max = limits.batch, item = { kind = 'object' } }),
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
}

local REQUIRED = { 'id', 'network', 'class', 'created_at' }

-- Asking the table for each field costs as much as storing the mention. For the fields that nearly all
-- mentions have this compares instead: another type raises an error, what is in doubt answers false. Then
-- the table is asked, and says which field it was.
-- (One long condition, not small functions: a call costs more than what it would ask.)
local function usual_fit(e)
    local max = limits.id_bytes
    local id, network, at = e.id, e.network, e.created_at
    if not (#id <= max and not id:find('%c') and network > '' and #network <= 32
        and MENTION.class.of[e.class] and at % 1 == 0 and at >= 0 and at <= MAX_MS) then
        return false
    end
    local lang, author, native, place = e.lang, e.author, e.native, e.place
    if not ((lang == nil or (lang > '' and #lang <= 35))
        and (author == nil or (author > '' and #author <= max))
        and (native == nil or (native > '' and #native <= max))
        and (place == nil or (place > '' and #place <= 256))) then
        return false
    end
    local conv, reply, repost = e.conversation, e.in_reply_to, e.repost_of
    if not ((conv == nil or (conv > '' and #conv <= max))
        and (reply == nil or (reply > '' and #reply <= max))
        and (repost == nil or (repost > '' and #repost <= max))) then
        return false
    end
    local followers, age, score = e.followers, e.age_days, e.score
    return (followers == nil or (followers % 1 == 0 and followers >= 0 and followers <= MAX_MS))
        and (age == nil or (age % 1 == 0 and age >= 0 and age <= 100000))
        and (score == nil or (score % 1 == 0 and score >= 0 and score <= MAX_MS))
        and (e.own == nil or e.own == 1) and (e.own_parent == nil or e.own_parent == 1)
        and (e.root_own == nil or e.root_own == 1) and (e.addressed == nil or e.addressed == 1)
        and (e.backfill == nil or e.backfill == 1)
end

local LISTS = { 'topics', 'signals', 'words' }

local function all_usual(entries)
    for i = 1, #entries do
        local e = entries[i]
        if not usual_fit(e) then
            return false
        end
        for j = 1, #LISTS do
            local v = e[LISTS[j]]
            if v ~= nil and kinds.list(v, MENTION[LISTS[j]]) then
                return false
            end
        end
    end
    return true
end

local function check_fields(e, at)
    local prefix = 'mention=' .. at .. ' '
    for _, name in ipairs(REQUIRED) do
        if e[name] == nil then
            fail('BADARG ' .. prefix .. 'field=' .. name .. ' missing')
        end
    end
    args.check_known(e, MENTION, prefix)
end

local function check_mention(e, body, at, networks)
    local id, network = e.id, e.network
    if not networks[network] then
        if not network:find('^[a-z0-9_]+$') then
            fail('BADARG mention=' .. at .. ' field=network wanted: the form [a-z0-9_]+')
        end
        networks[network] = true
    end
    if id:byte(#network + 1) ~= 58 or id:find(network, 1, true) ~= 1 or #id == #network + 1 then
        fail('BADARG mention=' .. at .. ' field=id wanted: the network and ":" first')
    end
    if #body > limits.mention_bytes or body:byte(1) ~= 123 or body:byte(-1) ~= 125 then
        fail('BADARG mention=' .. at .. ' field=json wanted: one JSON object of at most '
            .. limits.mention_bytes .. ' bytes')
    end
end

local function check_batch(header, bodies)
    args.check(header, HEADER)
    if #bodies ~= #header.m then
        fail('BADARG field=m wanted: one for each mention given')
    end
    local bytes, networks = 0, {}
    local ok, usual = pcall(all_usual, header.m)
    for i, e in ipairs(header.m) do
        if not (ok and usual) then
            check_fields(e, i - 1)
        end
        check_mention(e, bodies[i], i - 1, networks)
        bytes = bytes + #bodies[i]
    end
    if bytes > limits.batch_bytes then
        fail('BADARG field=m wanted: at most 1 MiB')
    end
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

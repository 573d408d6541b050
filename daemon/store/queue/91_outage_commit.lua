
-- outages: the detector's step --------------------------------------------------------------------------
-- What the detector found, its position in the event stream and its state, in one step. All that a change says
-- is absolute and numbered, so that the same events found again, after a crash or by another daemon, do no harm.

do

local CHANGES = 32
local MEMBERS = 1000         -- in all changes of a commit
local COLLECTED = 100        -- of them looked at in the commit itself, the rest by tick
local MEMBERS_KEPT = 100000  -- of an outage
local SERIES_KEPT = 1440     -- minutes
local OUTAGES_KEPT = 1000
local OPEN_AT_ONCE = 8       -- by the detector
local STATE_BYTES = 65536
local RETURN_MS = 30 * MINUTE

local ID = '^[A-Za-z0-9._-]+$'
local POSITION = '^%d+%-%d+$'
local LISTED = '^[^,]+$'     -- events part lists by commas

function kinds.decimal(v)
    if type(v) ~= 'string' or #v > 16 or not (v:find('^%d+$') or v:find('^%d+%.%d+$'))
        or v:find('^0%d') then
        return 'a decimal number as text'
    end
end

function kinds.point(v)
    local minute, expected = '', ''
    if type(v) == 'string' and #v <= 64 then
        minute, expected = v:match('^(%d+):%d%d?%d?%d?%d?%d?%d?%d?:(.+)$')
    end
    if not minute or #minute == 0 or #minute > 15 or kinds.decimal(expected) then
        return 'the form <ms>:<reports>:<expected>'
    end
end

function kinds.json(v, rule)
    local wanted = kinds.text(v, rule)
    if wanted then
        return wanted
    end
    if not v:find('^%s*{') or not pcall(cjson.decode, v) then
        return 'the text of a JSON object'
    end
end

outages.ID = ID
outages.PLACES = list(text(128, { match = LISTED }), 16)

outages.open_schema = {
    lease = needed(text(160, { match = LEASE })), req = text(64), test_now = whole(0, MAX_MS),
}

local COMMIT = {
    lease = needed(text(160, { match = LEASE })), from = needed(text(41, { match = POSITION })),
    to = needed(text(41, { match = POSITION })), test_now = whole(0, MAX_MS),
    changes = { kind = 'list', max = CHANGES, item = { kind = 'object' } },
}

local DECIMAL = { kind = 'decimal' }

local CHANGE = {
    outage = needed(text(64, { match = ID })), n = needed(whole(1, 1000000000)),
    kind = needed(choice({ 'opened', 'grew', 'split', 'over', 'updated' })),
    at = needed(whole(0, MAX_MS)), since = needed(whole(0, MAX_MS)),
    people = whole(0, MAX_MS), reports = whole(0, MAX_MS),
    topic = text(64, { min = 0 }), places = outages.PLACES, beside = text(64, { match = ID }),
    per_minute = DECIMAL, expected = DECIMAL, score = DECIMAL, threshold = DECIMAL,
    networks = list(text(32, { match = LISTED }), 16), examples = list(text(limits.id_bytes), 5),
    members = list(text(limits.id_bytes), MEMBERS),
    series = list({ kind = 'point' }, 60),
    why = { kind = 'json', max = 8192, free = true }, shadow = FLAG,
}

local function check_commit(given, state)
    args.check(given, COMMIT)
    local members = 0
    for i, change in ipairs(given.changes or {}) do
        args.check(change, CHANGE, 'change=' .. i - 1 .. ' ')
        members = members + #(change.members or {})
    end
    if members > MEMBERS then
        fail('BADARG field=changes wanted: at most ' .. MEMBERS .. ' members')
    end
    if readers.before(given.to, given.from) then
        fail('BADARG field=to wanted: not before from')
    end
    if #state > STATE_BYTES then
        fail('BADARG field=state wanted: at most ' .. STATE_BYTES .. ' bytes')
    end
end

-- one change

local TEXTS = { 'topic', 'beside', 'per_minute', 'expected', 'score', 'threshold' }
local WHOLE = { 'since', 'people', 'reports' }
local LISTS = { 'places', 'networks', 'examples' }

local function known_fields(change)
    local out = { 'state', change.kind == 'over' and 'over' or 'open', 'last', int(change.n) }
    local function put(name, value)
        out[#out + 1] = name
        out[#out + 1] = value
    end
    for _, name in ipairs(TEXTS) do
        if change[name] then
            put(name, change[name])
        end
    end
    for _, name in ipairs(WHOLE) do
        if change[name] then
            put(name, int(change[name]))
        end
    end
    for _, name in ipairs(LISTS) do
        if change[name] then
            put(name, json_texts(change[name]))
        end
    end
    if change.why then
        put('why', change.why)
    end
    return out
end

local function forget(cx, id)
    redis.call('UNLINK', outages.key(cx, id), outages.key(cx, id, 'members'),
        outages.key(cx, id, 'joining'), outages.key(cx, id, 'waiting'), outages.key(cx, id, 'series'),
        keys.of(cx, 'c', 'outage|' .. id))
    redis.call('ZREM', keys.of(cx, 'outages'), id)
    redis.call('ZREM', cx.timers, 'collect|' .. id, 'end|' .. id, 'disband|' .. id, 'unheld|' .. id)
end

-- One more is listed; the oldest goes, unless something still waits in it.
function outages.list_one(cx, id, at)
    local all = keys.of(cx, 'outages')
    redis.call('ZADD', all, int(at), id)
    if redis.call('ZCARD', all) > OUTAGES_KEPT then
        for _, oldest in ipairs(redis.call('ZRANGE', all, 0, OPEN_AT_ONCE)) do
            if oldest ~= id and outages.left(cx, oldest) == 0 then
                return forget(cx, oldest)
            end
        end
    end
end

function outages.score_card(cx, name, by)
    if by ~= 0 then
        redis.call('HINCRBY', keys.of(cx, 'outages', 'card'), name, int(by))
    end
end

local function snapshot(change)
    return json_object({ { 'people', change.people and int(change.people) },
        { 'per_minute', change.per_minute }, { 'expected', change.expected },
        { 'score', change.score }, { 'threshold', change.threshold } })
end

local function make(cx, change)
    local o = { id = change.outage, last = 0 }
    outages.write(cx, o, 'state', 'open', 'opened_at', int(change.at), 'opened', snapshot(change))
    if args.truth(change.shadow) then
        outages.write(cx, o, 'shadow', '1')
    end
    outages.list_one(cx, o.id, change.at)
    outages.score_card(cx, 'opened', 1)
    return o
end

local function commas(list_text)
    local items = list_text and cjson.decode(list_text) or {}
    return table.concat(items, ',')
end

local function say(cx, o, change)
    outages.tell(cx, 'outage.' .. change.kind, o,
        'event', o.id .. '/' .. change.kind .. '/' .. int(change.n), 'at', int(change.at),
        'topic', o.topic or '', 'places', commas(o.places), 'since', o.since,
        'people', int(o.people or 0), 'reports', o.reports or '0', 'per_minute', o.per_minute or '',
        'expected', o.expected or '', 'score', o.score or '', 'networks', commas(o.networks),
        'examples', commas(o.examples), 'shadow', o.shadow or '', 'beside', o.beside or '')
end

local function add_members(cx, o, ids)
    local key, joining = outages.key(cx, o.id, 'members'), outages.key(cx, o.id, 'joining')
    local have = redis.call('ZCARD', key)
    local n = 0
    for _, id in ipairs(ids) do
        if have + n >= MEMBERS_KEPT then
            events.count(cx, 'outage_members_left_out')
        elseif redis.call('ZADD', key, 'NX', int(have + n), id) == 1 then
            n = n + 1
            if not o.shadow then
                redis.call('RPUSH', joining, id)
            end
        end
    end
    return n
end

local function add_series(cx, o, points)
    local key = outages.key(cx, o.id, 'series')
    for _, point in ipairs(points) do
        local minute = point:match('^%d+')
        redis.call('ZREMRANGEBYSCORE', key, minute, minute)
        redis.call('ZADD', key, minute, point)
    end
    redis.call('ZREMRANGEBYRANK', key, 0, -SERIES_KEPT - 1)
end

local function apply_news(cx, o, change)
    local was_over = o.state == 'over'
    outages.write(cx, o, unpack(known_fields(change)))
    if was_over then
        outages.write(cx, o, 'state', 'over') -- it does not open again: that would be another one
    elseif change.kind == 'over' then
        outages.write(cx, o, 'over_at', int(change.at))
        if not o.shadow then
            redis.call('ZADD', cx.timers, int(cx.now + RETURN_MS), 'disband|' .. o.id)
        end
    end
    if change.kind ~= 'updated' then
        say(cx, o, change)
        return 1
    end
    return 0
end

-- Answers the outage, events said, members new.
local function apply(cx, change)
    local o = outages.read(cx, change.outage) or make(cx, change)
    local said = 0
    if change.n > (o.last or 0) then
        said = apply_news(cx, o, change)
    end
    if change.series then
        add_series(cx, o, change.series)
    end
    return o, said, add_members(cx, o, change.members or {})
end

-- the commit

local function reader_key(cx)
    return keys.of(cx, 'outages', 'reader')
end

local function must_lease(stored, given)
    if stored ~= given.lease then
        fail('STALE lease=' .. (stored and stored:match('^(%d+):') or 'none'))
    end
end

local function store_position(cx, given, state, reply)
    redis.call('HSET', reader_key(cx), 'position', given.to, 'from', given.from, 'reply', reply)
    if state ~= '' then
        redis.call('SET', keys.of(cx, 'outages', 'state'), state)
        redis.call('HSET', reader_key(cx), 'state_at', given.to)
        redis.call('HSET', keys.of(cx, 'readers'), 'outages', given.to)
    else
        redis.call('HSETNX', keys.of(cx, 'readers'), 'outages', given.to)
    end
end

function outages.commit(cx, given, values)
    local state = values[2] or ''
    if #values > 2 then
        fail('BADARG field=state wanted: one text')
    end
    check_commit(given, state)
    local stored = redis.call('HMGET', reader_key(cx), 'lease', 'position', 'from', 'reply')
    must_lease(stored[1], given)
    local position = stored[2] or '0-0'
    if given.from ~= position then
        if given.to == position and given.from == stored[3] then
            return stored[4]
        end
        fail('STALE position=' .. position)
    end
    local said, new, room = 0, 0, COLLECTED
    for _, change in ipairs(given.changes or {}) do
        local o, events_said, members = apply(cx, change)
        said, new = said + events_said, new + members
        if room > 0 and not o.shadow then
            room = room - outages.collect(cx, o, room)
        elseif members > 0 and not o.shadow then
            redis.call('ZADD', cx.timers, cx.stamp, 'collect|' .. o.id)
        end
    end
    local reply = json_object({ { 'position', json_text(given.to) },
        { 'changes', int(#(given.changes or {})) }, { 'said', int(said) }, { 'members', int(new) } })
    store_position(cx, given, state, reply)
    return reply
end

-- The brand's lease lives in another slot; its holder brings it here once, as for a source.
function outages.open(cx, given)
    local stored = redis.call('HMGET', reader_key(cx), 'lease', 'position', 'state_at')
    local function counter(lease)
        return tonumber(lease:match('^(%d+):'))
    end
    if stored[1] and counter(given.lease) < counter(stored[1]) then
        fail('STALE lease=' .. stored[1]:match('^(%d+):'))
    end
    redis.call('HSET', reader_key(cx), 'lease', given.lease)
    local open = {}
    for _, id in ipairs(redis.call('ZREVRANGE', keys.of(cx, 'outages'), 0, 99)) do
        local o = outages.read(cx, id)
        if o and o.state == 'open' then
            open[#open + 1] = outages.json(cx, o)
        end
    end
    return json_object({ { 'position', json_text(stored[2] or '0-0') },
        { 'state_at', json_text(stored[3] or '') },
        { 'state_bytes', int(redis.call('STRLEN', keys.of(cx, 'outages', 'state'))) },
        { 'open', json_list(open) } })
end

end

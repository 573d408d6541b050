
-- alerts ------------------------------------------------------------------------------------------------
-- The alerter's step: its position in the event stream and what it has still to tell, together; and silences.

local alerts = {}

do

local STATE_BYTES = 2 * 1024 * 1024
local SILENCES = 200
local POSITION = '^%d+%-%d+$'
local READER = 'alerts'

alerts.open_schema = {
    lease = needed(text(160, { match = LEASE })), req = text(64), test_now = whole(0, MAX_MS),
}

alerts.empty_schema = { test_now = whole(0, MAX_MS) }

local COMMIT = {
    lease = needed(text(160, { match = LEASE })), from = needed(text(41, { match = POSITION })),
    to = needed(text(41, { match = POSITION })), n = needed(whole(1, MAX_MS)), test_now = whole(0, MAX_MS),
}

local function reader_key(cx)
    return keys.of(cx, 'alerts', 'reader')
end

local function counter(lease)
    return tonumber(lease:match('^(%d+):'))
end

-- The brand's lease lives in another slot; its holder brings it here once, as for a source.
function alerts.open(cx, given)
    local stored = redis.call('HMGET', reader_key(cx), 'lease', 'position', 'n')
    if stored[1] and counter(given.lease) < counter(stored[1]) then
        fail('STALE lease=' .. counter(stored[1]))
    end
    redis.call('HSET', reader_key(cx), 'lease', given.lease)
    return json_object({ { 'position', json_text(stored[2] or '') }, { 'n', stored[3] or '0' },
        { 'bytes', int(redis.call('STRLEN', keys.of(cx, 'alerts', 'state'))) } })
end

-- `n` numbers the commits: what has no news of the stream has news of what was sent. The same again answers the
-- same; anything but the next is of somebody who knows too little.
function alerts.commit(cx, given, values)
    local state = values[2] or ''
    args.check(given, COMMIT)
    if #values > 2 or #state > STATE_BYTES then
        fail('BADARG field=state wanted: one text of at most ' .. STATE_BYTES .. ' bytes')
    end
    if readers.before(given.to, given.from) then
        fail('BADARG field=to wanted: not before from')
    end
    local stored = redis.call('HMGET', reader_key(cx), 'lease', 'position', 'n')
    if stored[1] ~= given.lease then
        fail('STALE lease=' .. (stored[1] and counter(stored[1]) or 'none'))
    end
    local n = tonumber(stored[3] or 0)
    local reply = json_object({ { 'position', json_text(given.to) }, { 'n', int(given.n) } })
    if given.n == n and given.to == stored[2] then
        return reply
    end
    if given.n ~= n + 1 or given.from ~= (stored[2] or given.from) then
        fail('STALE position=' .. (stored[2] or 'none') .. ' n=' .. int(n))
    end
    redis.call('HSET', reader_key(cx), 'position', given.to, 'n', int(given.n))
    redis.call('HSET', keys.of(cx, 'readers'), READER, given.to)
    if state ~= '' then
        redis.call('SET', keys.of(cx, 'alerts', 'state'), state)
    end
    return reply
end

function alerts.state(cx)
    return redis.call('GET', keys.of(cx, 'alerts', 'state'))
end

-- silences: id -> JSON text, at most 200 that have not ended

function kinds.matcher(v)
    if type(v) ~= 'string' or #v > 2048 or not v:find('^{') or not pcall(cjson.decode, v) then
        return 'the text of a JSON object of at most 2048 bytes'
    end
end

local NAMED = { agent = needed(agent()), req = text(64), test_now = whole(0, MAX_MS) }

alerts.add_schema = {
    agent = NAMED.agent, req = NAMED.req, test_now = NAMED.test_now,
    match = needed({ kind = 'matcher' }), from = whole(0, MAX_MS), ['until'] = needed(whole(0, MAX_MS)),
    reason = needed(text(256)),
}

alerts.remove_schema = {
    agent = NAMED.agent, req = NAMED.req, test_now = NAMED.test_now,
    silence = needed(text(16, { match = '^s%d+$' })),
}

local function kept(cx)
    local out, flat = {}, redis.call('HGETALL', keys.of(cx, 'silences'))
    for i = 1, #flat, 2 do
        local ends = tonumber(flat[i + 1]:match('^{"until":(%d+)'))
        if ends > cx.now then
            out[#out + 1] = { id = flat[i], ends = ends, text = flat[i + 1] }
        end
    end
    table.sort(out, function(a, b)
        return a.ends < b.ends or (a.ends == b.ends and a.id < b.id)
    end)
    return out
end

function alerts.silence_add(cx, given)
    local ends = given['until']
    if ends <= cx.now or ends > cx.now + 400 * DAY or ends <= (given.from or 0) then
        fail('BADARG field=until wanted: after from, later than now, within 400 days')
    end
    if #kept(cx) >= SILENCES then
        fail('TOOMANY holding=' .. SILENCES)
    end
    local id = 's' .. redis.call('HINCRBY', reader_key(cx), 'last_silence', 1)
    local one = json_object({ { 'until', int(ends) }, { 'id', json_text(id) }, { 'match', given.match },
        { 'from', int(given.from or cx.now) }, { 'reason', json_text(given.reason) },
        { 'by', json_text(given.agent) } })
    redis.call('HSET', keys.of(cx, 'silences'), id, one)
    redis.call('ZADD', cx.timers, int(ends), 'silences|' .. id)
    events.append(cx, 'type', 'silence.added', 'id', id, 'by', given.agent, 'until', int(ends),
        'reason', given.reason)
    return one
end

function alerts.silence_remove(cx, given)
    if redis.call('HDEL', keys.of(cx, 'silences'), given.silence) == 0 then
        fail('BADSTATE state=unknown')
    end
    redis.call('ZREM', cx.timers, 'silences|' .. given.silence)
    events.append(cx, 'type', 'silence.removed', 'id', given.silence, 'by', given.agent)
    return json_object({ { 'removed', json_text(given.silence) } })
end

function alerts.silence_list(cx)
    local texts = {}
    for i, one in ipairs(kept(cx)) do
        texts[i] = one.text
    end
    return json_object({ { 'silences', json_list(texts) } })
end

function timers.handlers.silences(cx, id)
    redis.call('HDEL', keys.of(cx, 'silences'), id)
end

end

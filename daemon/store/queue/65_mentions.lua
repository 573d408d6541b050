
-- mentions --------------------------------------------------------------------------------------
--   m:<id>  the mention as the daemon wrote it; it also proves that the id is known
--   s:<id>  what happened to it since, made at its first transition
--   r:<id>  what the agent wrote when it ended: note and reply URL

local mentions = {}

function mentions.key(cx, id)
    return cx.brand .. ':m:' .. id
end

local function state_key(cx, id)
    return cx.brand .. ':s:' .. id
end

function mentions.state(cx, id)
    local flat = redis.call('HGETALL', state_key(cx, id))
    local s = {}
    for i = 1, #flat, 2 do
        s[flat[i]] = flat[i + 1]
    end
    return s
end

local function from_state(cx, m, s)
    m.state, m.owner, m.own, m.lane, m.pool = s.state, s.owner, s.own, s.lane, s.pool
    m.class = s.class or (s.lane and lanes.parse(s.lane).class)
    m.due = tonumber(s.due_at)
    m.case = s.case or m.id
    if m.state == 'queued' then
        m.case = cases.follow(cx, m.case)
    end
end

-- The mention with its state, or nil. A caller that found it at the head of a lane says so.
function mentions.find(cx, id, lane, due)
    local s = mentions.state(cx, id)
    local m = { id = id, s = s }
    if s.state then
        from_state(cx, m, s)
        return m
    end
    if not lane then
        if redis.call('STRLEN', mentions.key(cx, id)) == 0 then
            if redis.call('EXISTS', mentions.key(cx, id)) == 0 then
                return nil
            end
            m.state = 'erased'
            m.case = id
            return m
        end
        lane, due = lanes.locate(cx, id)
    end
    m.lane, m.due = lane, due
    m.state = lane and 'queued' or 'unqueued'
    m.class = lane and lanes.parse(lane).class
    m.case = cases.follow(cx, id)
    return m
end

function mentions.need(cx, id)
    local m = mentions.find(cx, id)
    if not m or m.state == 'erased' then
        fail('NOSUCHMENTION id=' .. id)
    end
    return m
end

-- Until it is dealt with a mention may outlive the proof of its id.
local function begin(cx, m)
    if m.s.created_at then
        return
    end
    local at = redis.call('PEXPIRETIME', mentions.key(cx, m.id))
    local created = at > 0 and at - cx.conf.horizon_ms - DAY or cx.now
    redis.call('PERSIST', mentions.key(cx, m.id))
    if next(m.s) then
        redis.call('PERSIST', state_key(cx, m.id))
    end
    m.s.created_at = int(created)
end

function mentions.open(cx, m)
    begin(cx, m)
    redis.call('HSET', state_key(cx, m.id), 'created_at', m.s.created_at)
end

local GAUGES = { claimed = true, snoozed = true }

function mentions.write(cx, m, state, ...)
    begin(cx, m)
    if GAUGES[m.state] then
        events.count(cx, 'now_' .. m.state, -1)
    end
    if GAUGES[state] then
        events.count(cx, 'now_' .. state, 1)
    end
    m.state = state
    redis.call('HSET', state_key(cx, m.id), 'created_at', m.s.created_at, 'state', state,
        'at', cx.stamp, ...)
end

function mentions.unset(cx, m, ...)
    redis.call('HDEL', state_key(cx, m.id), ...)
end

-- An ended mention is kept as the settings say, its id until the horizon has passed it.
function mentions.close(cx, m)
    local at = math.max(tonumber(m.s.created_at) + cx.conf.horizon_ms + DAY, cx.now + DAY)
    redis.call('PEXPIREAT', mentions.key(cx, m.id), int(at))
    redis.call('PEXPIREAT', state_key(cx, m.id), int(at))
    if m.state == 'resolved' then
        redis.call('PEXPIREAT', keys.of(cx, 'r', m.id), int(at))
    end
    local keep = cx.conf['retain_' .. m.state .. '_ms'] or 0
    if keep > 0 and cx.now + keep < at then
        redis.call('ZADD', cx.timers, int(cx.now + keep), 'keep|' .. m.id)
    end
end

-- h:<author>: the author's last mentions that ended, by when. Nothing is kept for those that only wait. The
-- author is read from the bytes of the mention: no text in it can hold these quotes unescaped.
local AUTHOR = '"author":{"id":"'

function mentions.author_key(cx, body)
    local _, at = body:find(AUTHOR, 1, true)
    local id = at and body:match('^[^"\\]+', at + 1)
    return id and keys.of(cx, 'h', redis.sha1hex(id):sub(1, 16))
end

function mentions.note_author(cx, m)
    local key = mentions.author_key(cx, redis.call('GET', mentions.key(cx, m.id)) or '')
    if key then
        redis.call('ZADD', key, cx.stamp, m.id)
        redis.call('ZREMRANGEBYRANK', key, 0, -limits.author_mentions - 1)
        redis.call('PEXPIRE', key, int(cx.conf.horizon_ms + DAY))
    end
end

function mentions.reopen(cx, m)
    redis.call('PERSIST', mentions.key(cx, m.id))
    redis.call('PERSIST', state_key(cx, m.id))
    redis.call('PERSIST', keys.of(cx, 'r', m.id))
    redis.call('ZREM', cx.timers, 'keep|' .. m.id)
end

function mentions.tell(cx, kind, m, by, more)
    events.tell(cx, kind, m, by, more)
end

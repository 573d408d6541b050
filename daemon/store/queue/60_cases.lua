
-- cases -----------------------------------------------------------------------------------------
-- A case is one customer's conversation: one owner, one lease. A mention that stands alone is its
-- own case and has none of these keys until somebody claims it or answers it:
--   link:<name>  the case that an id, a parent or a conversation belongs to; an alias for a case
--   c:<case>     the record below
--   cm:<case>    members by creation time, once there are two
--   cw:<case>    members waiting in lanes, co:<case> in the owner's set: "<lane>|<id>" by due time
--   cc:<case>    members that are claimed

local cases = {}

local CASE_FIELDS = { 'owner', 'since', 'until', 'lease', 'warned', 'acted', 'ended', 'shown',
    'born', 'conv', 'rooted', 'tier', 'answered' }
local CASE_NUMBERS = { 'since', 'until', 'lease', 'acted', 'ended', 'shown', 'born', 'answered' }

function cases.follow(cx, name)
    local linked
    for _ = 1, limits.links do
        local to = redis.call('GET', keys.of(cx, 'link', name))
        if not to or to == name then
            break
        end
        name, linked = to, true
    end
    return name, linked
end

function cases.read(cx, case)
    local values = redis.call('HMGET', keys.of(cx, 'c', case), unpack(CASE_FIELDS))
    local c = { case = case }
    for i, name in ipairs(CASE_FIELDS) do
        c[name] = values[i] or nil
    end
    for _, name in ipairs(CASE_NUMBERS) do
        c[name] = tonumber(c[name])
    end
    c.ends = c['until'] or 0
    c.tier = c.tier or '0'
    return c
end

-- Writes name, value, ... ; a case is remembered as long as the ids of its mentions.
function cases.write(cx, c, ...)
    local key = keys.of(cx, 'c', c.case)
    redis.call('HSET', key, ...)
    redis.call('PEXPIREAT', key, int(cx.now + cx.conf.horizon_ms + DAY))
end

function cases.link(cx, name, case)
    redis.call('SET', keys.of(cx, 'link', name), case,
        'PXAT', int(cx.now + cx.conf.horizon_ms + DAY))
end

function cases.holder(cx, c)
    if c.owner and c.ends > cx.now then
        return c.owner
    end
end

-- Who owns the case without holding it: for reopen_window after the last act.
function cases.owner(cx, c)
    if c.owner and (c.ends > cx.now
        or cx.now - (c.acted or 0) <= cx.conf.reopen_window_ms) then
        return c.owner
    end
end

function cases.refuse_held(cx, c)
    fail('HELD by=' .. c.owner .. ' since=' .. int(c.since or 0) .. ' until=' .. int(c.ends))
end

function cases.here(cx, name)
    local seen = redis.call('ZSCORE', keys.of(cx, 'seen'), name)
    return seen and cx.now - tonumber(seen) <= cx.conf.presence_ms
end

function cases.warn_at(c)
    return c.ends - math.floor(c.lease / 5)
end

-- The lease begins anew: one for the whole case. `c.showing`: its owner is about to be told what
-- waits in it.
function cases.lease(cx, c, owner, lease_ms)
    if c.owner ~= owner or c.ends <= cx.now then
        c.since = cx.now
    end
    if c.owner and c.owner ~= owner then
        redis.call('ZREM', keys.of(cx, 'held', c.owner), c.case)
    end
    c.owner, c.lease, c.ends, c.acted = owner, lease_ms or c.lease or cx.conf.lease_ms, 0, cx.now
    c.ends = cx.now + c.lease
    c.warned = nil
    if c.showing then
        c.shown = cx.now
    end
    cases.write(cx, c, 'owner', owner, 'since', int(c.since), 'until', int(c.ends),
        'lease', int(c.lease), 'acted', cx.stamp, 'warned', '', 'shown', int(c.shown or 0))
    redis.call('ZADD', keys.of(cx, 'held', owner), int(c.ends), c.case)
    redis.call('ZADD', cx.timers, int(cases.warn_at(c)), 'lease|' .. c.case)
end

-- Nothing of the case is claimed any more. The owner stays known, unless it was let go.
function cases.unlease(cx, c, forget)
    if c.owner then
        redis.call('ZREM', keys.of(cx, 'held', c.owner), c.case)
    end
    redis.call('ZREM', cx.timers, 'lease|' .. c.case)
    c.ends = 0
    cases.write(cx, c, 'until', 0, 'acted', cx.stamp)
    if forget then
        redis.call('HDEL', keys.of(cx, 'c', c.case), 'owner', 'since')
        c.owner = nil
    end
end

function cases.claimed(cx, c, n)
    return redis.call('ZRANGE', keys.of(cx, 'cc', c.case), 0, (n or limits.members) - 1)
end

function cases.split(member)
    local at = member:find('|', 1, true)
    return member:sub(at + 1), member:sub(1, at - 1)
end

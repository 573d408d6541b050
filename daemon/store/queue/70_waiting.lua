
-- waiting ---------------------------------------------------------------------------------------
-- Where a queued mention is: in its lane, in the set of the agent who owns its case, or in an outage.

local waiting = {}

local function own_key(cx, name)
    return keys.of(cx, 'own', name)
end

-- Takes it out of wherever it waits. What the walk along the lane has announced as overdue is noted,
-- since its place in the lane was the only sign of it.
function waiting.leave(cx, m)
    local member = m.lane .. '|' .. m.id
    if m.own then
        redis.call('ZREM', own_key(cx, m.own), member)
        redis.call('ZREM', keys.of(cx, 'co', m.case), member)
        redis.call('ZREM', cx.timers, 'back|' .. m.id, 'late|' .. m.id)
        mentions.unset(cx, m, 'own')
        m.own = nil
        return
    end
    if m.pool then
        outages.leave(cx, m)
        return
    end
    lanes.remove(cx, m.lane, m.id)
    redis.call('ZREM', keys.of(cx, 'cw', m.case), member)
    if not m.s.over and m.due <= cx.now
        and m.due <= tonumber(redis.call('HGET', keys.of(cx, 'marks'), 'over|' .. m.lane) or 0) then
        m.s.over = '1'
        redis.call('HSET', keys.of(cx, 's', m.id), 'over', 1)
    end
end

function waiting.overdue(cx, m)
    m.s.over = '1'
    events.tell(cx, 'overdue', m, '', { 'due_at', int(math.floor(m.due)) })
end

function waiting.to_lane(cx, c, m)
    mentions.write(cx, m, 'queued', 'lane', m.lane, 'due_at', lanes.score(m.due), 'case', m.case)
    mentions.unset(cx, m, 'owner', 'own')
    m.owner, m.own = nil, nil
    lanes.add(cx, m.lane, m.due, m.id)
    if c.born then
        redis.call('ZADD', keys.of(cx, 'cw', m.case), lanes.score(m.due), m.lane .. '|' .. m.id)
    end
    local mark = tonumber(redis.call('HGET', keys.of(cx, 'marks'), 'over|' .. m.lane) or 0)
    if not m.s.over and m.due <= mark then
        redis.call('HSET', keys.of(cx, 's', m.id), 'over', 1)
        waiting.overdue(cx, m)
    end
end

function waiting.back_at(cx, m)
    return cx.now + math.min(cx.conf.give_back_ms, math.floor(cx.conf.target[m.class] / 2))
end

function waiting.to_own(cx, c, m, owner)
    local member = m.lane .. '|' .. m.id
    mentions.write(cx, m, 'queued', 'lane', m.lane, 'due_at', lanes.score(m.due), 'case', m.case,
        'own', owner, 'class', m.class)
    mentions.unset(cx, m, 'owner')
    m.own, m.owner = owner, nil
    redis.call('ZADD', own_key(cx, owner), lanes.score(m.due), member)
    redis.call('ZADD', keys.of(cx, 'co', m.case), lanes.score(m.due), member)
    redis.call('ZADD', cx.timers, int(waiting.back_at(cx, m)), 'back|' .. m.id)
    if not m.s.over then
        redis.call('ZADD', cx.timers, lanes.score(m.due), 'late|' .. m.id)
    end
end

-- Who has the first right to what comes into the case: who holds it, else the owner while here.
function waiting.first_right(cx, c)
    local holder = cases.holder(cx, c)
    if holder then
        return holder
    end
    local owner = cases.owner(cx, c)
    if owner and cases.here(cx, owner) then
        return owner
    end
end

-- Visits the first members of a case's sorted set. A merger that is still under way can have left one
-- behind that waits no more or waits elsewhere: that is dropped.
local function each_member(cx, c, set, n, place)
    local members = redis.call('ZRANGE', keys.of(cx, set, c.case), 0, n - 1, 'WITHSCORES')
    for i = 1, #members, 2 do
        local id, lane = cases.split(members[i])
        local m = mentions.find(cx, id, lane, tonumber(members[i + 1]))
        m.case = c.case
        if m.state == 'queued' and m.lane == lane and (m.own ~= nil) == (set == 'co') then
            place(m, members[i])
        else
            redis.call('ZREM', keys.of(cx, set, c.case), members[i])
        end
    end
    return #members / 2
end

-- What waits in the case goes to its owner's set: some now, the rest by tick.
function waiting.gather(cx, c, owner, room)
    if not c.born then
        return 0
    end
    room = room or limits.case_step
    local set = keys.of(cx, 'cw', c.case)
    local n = each_member(cx, c, 'cw', room, function(m, member)
        redis.call('ZREM', set, member)
        waiting.leave(cx, m)
        waiting.to_own(cx, c, m, owner)
    end)
    if n == room and redis.call('EXISTS', set) == 1 then
        redis.call('ZADD', cx.timers, cx.stamp, 'own|' .. c.case)
    end
    return n
end

-- What waited with a former owner goes with the case.
function waiting.hand_over(cx, c, owner)
    return each_member(cx, c, 'co', limits.members, function(m, member)
        if m.own ~= owner then
            waiting.leave(cx, m)
            redis.call('ZREM', keys.of(cx, 'co', c.case), member)
            waiting.to_own(cx, c, m, owner)
        end
    end)
end

-- The owner let go: what waited with them goes back to the lanes.
function waiting.give_back(cx, c, n)
    return each_member(cx, c, 'co', n, function(m, member)
        waiting.leave(cx, m)
        redis.call('ZREM', keys.of(cx, 'co', c.case), member)
        waiting.to_lane(cx, c, m)
    end)
end

-- All that waits in the case, in its lanes or with its owner.
function waiting.each(cx, c, n, visit)
    local seen = each_member(cx, c, 'co', n, visit)
    if seen < n then
        seen = seen + each_member(cx, c, 'cw', n - seen, visit)
    end
    return seen
end

function waiting.left(cx, c)
    return redis.call('ZCARD', keys.of(cx, 'co', c.case))
        + redis.call('ZCARD', keys.of(cx, 'cw', c.case))
end

-- What time and mergers do in passing: a lane's item of a case that somebody holds.
function waiting.move_to_owner(cx, c, m, owner)
    waiting.leave(cx, m)
    waiting.to_own(cx, c, m, owner)
end

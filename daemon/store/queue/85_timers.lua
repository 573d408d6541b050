
-- timers ----------------------------------------------------------------------------------------
-- What time brings about, from one sorted set: "<kind>|<what>" by when. A handler touches at most `room`
-- members, answers how many (none said: one), and arms its timer again if there is more.

timers.schema = { limit = whole(1, limits.tick_steps), req = text(64), test_now = whole(0, MAX_MS) }

local handlers = {}

timers.handlers = handlers

local function again(cx, kind, what, at)
    redis.call('ZADD', cx.timers, lanes.score(at), kind .. '|' .. what)
end

-- A lease that has run out though no tick has come yet: ends it now. True when it did.
function timers.end_lease(cx, c, room)
    if not c.owner or c.ends == 0 or c.ends > cx.now then
        return false
    end
    local n, all = acts.let_go(cx, c, room or limits.case_step, 'expired', c.owner)
    if not all then
        again(cx, 'lease', c.case, cx.now)
    end
    return true, n
end

function handlers.lease(cx, case, room)
    local c = cases.read(cx, case)
    if not c.owner or c.ends == 0 then
        return
    end
    if c.ends <= cx.now then
        local _, n = timers.end_lease(cx, c, room)
        return n
    end
    if c.warned ~= '1' and cases.warn_at(c) <= cx.now then
        local id = cases.claimed(cx, c, 1)[1] or case
        mentions.tell(cx, 'claim.expiring', { id = id, case = case }, c.owner,
            { 'until', int(c.ends) })
        cases.write(cx, c, 'warned', 1)
        c.warned = '1'
    end
    again(cx, 'lease', case, c.warned == '1' and c.ends or cases.warn_at(c))
end

-- An agent's own follow-up not claimed in time. Never while they hold the case: two people would
-- answer one customer.
function handlers.back(cx, id)
    local m = mentions.find(cx, id)
    if not m or m.state ~= 'queued' or not m.own then
        return
    end
    local c = cases.read(cx, m.case)
    if cases.holder(cx, c) == m.own then
        again(cx, 'back', id, c.ends)
        return
    end
    waiting.leave(cx, m)
    waiting.to_lane(cx, c, m)
    outages.take_back(cx, c, m)
end

function handlers.wake(cx, id)
    local m = mentions.find(cx, id)
    if not m or m.state ~= 'snoozed' then
        return
    end
    local owner = m.owner
    m.case = cases.follow(cx, m.case)
    local c = cases.read(cx, m.case)
    m.due = math.max(m.due or 0, tonumber(m.s.wake))
    mentions.unset(cx, m, 'wake')
    waiting.to_own(cx, c, m, cases.holder(cx, c) or owner)
    mentions.tell(cx, 'woke', m, owner, { 'due_at', int(math.floor(m.due)) })
end

function handlers.late(cx, id)
    local m = mentions.find(cx, id)
    if m and m.state == 'queued' and m.own and not m.s.over then
        redis.call('HSET', keys.of(cx, 's', id), 'over', 1)
        waiting.overdue(cx, m)
    end
end

-- What was too much to move in one call.
function handlers.own(cx, case, room)
    local c = cases.read(cx, case)
    local holder = cases.holder(cx, c)
    if holder then
        return waiting.gather(cx, c, holder, room)
    end
end

function handlers.answer(cx, case, room)
    local c = cases.read(cx, case)
    if c.answered then
        return acts.answered(cx, case, c.answered, case, room)
    end
end

function handlers.join(cx, younger, room)
    local older = cases.follow(cx, younger)
    if older ~= younger then
        timers.join_members(cx, older, younger, room)
        return room
    end
end

-- Walks a lane from where the last walk ended to `upto`; equal scores are never cut in two. Answers the next
-- score, and how many it visited.
local function walk(cx, kind, lane, upto, step, visit)
    local marks = keys.of(cx, 'marks')
    local mark = redis.call('HGET', marks, kind .. '|' .. lane) or '-inf'
    local from = mark == '-inf' and mark or '(' .. mark
    local key = lanes.key(cx, lane)
    local found = redis.call('ZRANGEBYSCORE', key, from, upto, 'WITHSCORES', 'LIMIT', 0, step)
    if #found == 2 * step then
        local last = found[#found]
        local same = redis.call('ZRANGEBYSCORE', key, last, last, 'WITHSCORES', 'LIMIT', 0,
            limits.members - step)
        while found[#found] == last do
            found[#found] = nil
            found[#found] = nil
        end
        for _, x in ipairs(same) do
            found[#found + 1] = x
        end
    end
    for i = 1, #found, 2 do
        visit(found[i], tonumber(found[i + 1]))
    end
    if #found > 0 then
        mark = found[#found]
        redis.call('HSET', marks, kind .. '|' .. lane, mark)
    end
    from = mark == '-inf' and mark or '(' .. mark
    local nxt = redis.call('ZRANGEBYSCORE', key, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
    return nxt, #found / 2
end

function handlers.over(cx, lane, room)
    local class = lanes.parse(lane).class
    local nxt, n = walk(cx, 'over', lane, cx.stamp, room, function(id, due)
        if not redis.call('HGET', keys.of(cx, 's', id), 'over') then
            local m = { id = id, case = id, class = class, due = due, s = {} }
            waiting.overdue(cx, m)
        end
    end)
    if nxt then
        again(cx, 'over', lane, tonumber(nxt))
    end
    return n
end

-- Whoever still waits when the proof of the id would go keeps it.
function handlers.aged(cx, lane, room)
    local horizon = cx.conf.horizon_ms
    local nxt, n = walk(cx, 'aged', lane, int(cx.now - horizon), room, function(id, due)
        mentions.open(cx, { id = id, s = mentions.state(cx, id), lane = lane, due = due })
    end)
    if nxt then
        again(cx, 'aged', lane, tonumber(nxt) + horizon)
    end
    return n
end

-- Retention: the text goes, the id stays known.
function handlers.keep(cx, id)
    local state = mentions.state(cx, id).state or 'unqueued'
    if state == 'resolved' or state == 'dismissed' or state == 'unqueued' then
        redis.call('SET', mentions.key(cx, id), '', 'XX', 'KEEPTTL')
        redis.call('DEL', keys.of(cx, 'r', id))
    end
end

function handlers.trim(cx)
    local gone = timers.trim(cx)
    again(cx, 'trim', '', gone >= limits.trim_step / 2 and cx.now or cx.now + limits.trim_every_ms)
end

-- Does up to `n` steps, which are members touched, and answers how many there were.
function timers.run(cx, n)
    local due = redis.call('ZRANGEBYSCORE', cx.timers, '-inf', cx.stamp, 'LIMIT', 0, n)
    local done = 0
    for _, entry in ipairs(due) do
        if done >= n then
            break
        end
        local kind, what = entry:match('^(%a+)|(.*)$')
        redis.call('ZREM', cx.timers, entry)
        if handlers[kind] then
            done = done + math.max(1, handlers[kind](cx, what, n - done) or 1)
        end
    end
    return done
end

function timers.tick(cx, given)
    local n = timers.run(cx, given.limit or limits.tick_steps)
    local first = redis.call('ZRANGE', cx.timers, 0, 0, 'WITHSCORES')
    return json_object({ { 'steps', int(n) },
        { 'next', first[2] and int(math.ceil(tonumber(first[2]))) or 'null' } })
end


-- outages ---------------------------------------------------------------------------------------
-- An outage collects the mentions that report it: they leave their lanes for the outage's pool, and the pool is
-- one item for claims. (The table is declared with `timers`: waiting and claims use it too.)
--   outage:<id>          the record below; outages: all of them by when they opened
--   outage:<id>:waiting  the pool, "<lane>|<id>" by due time; outages:queue: items by the due time of the first
--   outage:<id>:members  all that belong to it; :joining those of them that nobody has looked at yet
--   outage:<id>:series   a point for each minute
-- Who owns an outage holds the case "outage|<id>": no case of mentions is named so.

do -- a scope of its own: Lua has room for 200 names in a file

local RECORD = { 'state', 'shadow', 'topic', 'places', 'since', 'people', 'reports', 'per_minute',
    'expected', 'score', 'threshold', 'networks', 'examples', 'beside', 'last', 'opened_at', 'opened',
    'over_at', 'ack_by', 'ack_at', 'note', 'status_url', 'eta', 'resolved_by', 'resolved_at', 'outcome',
    'cause', 'reply_url', 'confirmed_at', 'led_ms', 'rejected_by', 'rejected_at', 'rejected_why',
    'missed', 'returned', 'late', 'walked' }
local NUMBERS = { 'last', 'opened_at', 'over_at', 'confirmed_at', 'led_ms', 'people' }

function outages.key(cx, id, what)
    return keys.of(cx, 'outage', what and id .. ':' .. what or id)
end

function outages.read(cx, id)
    local values = redis.call('HMGET', outages.key(cx, id), unpack(RECORD))
    if not values[1] then
        return nil
    end
    local o = { id = id }
    for i, name in ipairs(RECORD) do
        o[name] = values[i] or nil
    end
    for _, name in ipairs(NUMBERS) do
        o[name] = tonumber(o[name])
    end
    return o
end

function outages.need(cx, id)
    local o = outages.read(cx, id)
    if not o then
        fail('NOSUCHOUTAGE id=' .. id)
    end
    return o
end

-- Name, value, ... ; the record follows.
function outages.write(cx, o, ...)
    redis.call('HSET', outages.key(cx, o.id), ...)
    local given = { ... }
    for i = 1, #given, 2 do
        o[given[i]] = given[i + 1]
    end
    for _, name in ipairs(NUMBERS) do
        o[name] = tonumber(o[name])
    end
end

function outages.case(cx, id)
    return cases.read(cx, 'outage|' .. id)
end

function outages.of_case(case)
    return case:match('^outage|(.*)$')
end

-- Why it takes no mentions from the lanes any more, or nil.
function outages.ended(o)
    return o.rejected_at and 'rejected' or o.resolved_at and 'resolved' or o.shadow and 'shadow'
        or o.missed and 'missed' or o.returned and 'over' or nil
end

function outages.tell(cx, kind, o, ...)
    events.count(cx, kind)
    events.append(cx, 'type', kind, 'id', o.id, ...)
end

-- the item: there while something waits and nobody holds the outage

local function first_due(cx, id)
    return redis.call('ZRANGE', outages.key(cx, id, 'waiting'), 0, 0, 'WITHSCORES')[2]
end

local function item_key(cx)
    return keys.of(cx, 'outages', 'queue')
end

function outages.offer(cx, id)
    local due = first_due(cx, id)
    if due then
        redis.call('ZADD', item_key(cx), due, id)
        redis.call('ZADD', cx.timers, 'LT', due, 'unheld|' .. id)
    end
end

-- Nobody took it in time: that is said once.
function outages.overdue(cx, o)
    local due = tonumber(redis.call('ZSCORE', item_key(cx), o.id))
    if due and due <= cx.now and not o.late then
        outages.write(cx, o, 'late', '1')
        outages.tell(cx, 'outage.overdue', o, 'due_at', int(math.floor(due)))
    end
end

function outages.withdraw(cx, id)
    redis.call('ZREM', item_key(cx), id)
end

-- Called by waiting.leave for a mention that is in a pool.
function outages.leave(cx, m)
    local member = m.lane .. '|' .. m.id
    redis.call('ZREM', outages.key(cx, m.pool, 'waiting'), member)
    redis.call('ZREM', keys.of(cx, 'cw', m.case), member)
    local due = first_due(cx, m.pool)
    if due then
        redis.call('ZADD', item_key(cx), 'XX', due, m.pool)
    else
        outages.withdraw(cx, m.pool)
    end
    mentions.unset(cx, m, 'pool')
    m.pool = nil
    events.count(cx, 'now_pooled', -1)
end

-- What waits in a lane goes to the pool. Of its case it stays a waiting member: who claims the case takes it
-- along.
local function enter(cx, o, c, m)
    local score, member = lanes.score(m.due), m.lane .. '|' .. m.id
    waiting.leave(cx, m)
    mentions.write(cx, m, 'queued', 'lane', m.lane, 'due_at', score, 'case', m.case, 'class', m.class,
        'pool', o.id, 'outage', o.id)
    m.pool = o.id
    events.count(cx, 'now_pooled')
    redis.call('ZADD', outages.key(cx, o.id, 'waiting'), score, member)
    if c.born then
        redis.call('ZADD', keys.of(cx, 'cw', m.case), score, member)
    end
    if not cases.holder(cx, outages.case(cx, o.id)) then
        outages.offer(cx, o.id)
    end
end

-- A mention keeps the name of its outage as long as its id is known.
local function mark(cx, o, m)
    local key = keys.of(cx, 's', m.id)
    redis.call('HSET', key, 'outage', o.id)
    if not m.s.created_at then
        local expires = tonumber(redis.call('PEXPIRETIME', mentions.key(cx, m.id)))
        if expires > 0 then
            redis.call('PEXPIREAT', key, int(expires))
        end
    end
    m.s.outage = o.id
end

local function is_free(cx, c, m)
    return m.state == 'queued' and not m.own and m.lane:sub(1, 2) == '0:' and not cases.holder(cx, c)
end

local function resolve_late(cx, o, c, m)
    acts.finish(cx, c, m, 'resolved', o.resolved_by, { 'outcome', 'duplicate', 'cause', o.cause or '' })
    events.count(cx, 'outcome_duplicate')
end

-- A mention turns out to belong to the outage. What somebody holds, what waits for somebody and tier 1 stay
-- where they are, and so does all of an outage that agents are not to see.
function outages.join(cx, o, id)
    local m = mentions.find(cx, id)
    local ended = outages.ended(o)
    if not m or m.state == 'erased' or (ended and ended ~= 'resolved' and ended ~= 'over') then
        return
    end
    mark(cx, o, m)
    local c = cases.read(cx, m.case)
    if m.pool == o.id or not is_free(cx, c, m) then
        return
    end
    if ended == 'resolved' then
        resolve_late(cx, o, c, m)
    elseif not ended then
        enter(cx, o, c, m)
    end
end

-- Looks at the first `room` of those that joined, leaves the rest to the tick. Answers how many it looked at.
function outages.collect(cx, o, room)
    local key = outages.key(cx, o.id, 'joining')
    local ids = redis.call('LPOP', key, room) or {}
    for _, id in ipairs(ids) do
        outages.join(cx, o, id)
    end
    if #ids == room and redis.call('EXISTS', key) == 1 then
        redis.call('ZADD', cx.timers, cx.stamp, 'collect|' .. o.id)
    end
    return #ids
end

-- What was let go by an agent goes back to the outage that it came from.
function outages.take_back(cx, c, m)
    local o = m.s.outage and outages.read(cx, m.s.outage)
    if o and not outages.ended(o) and m.lane:sub(1, 2) == '0:' then
        enter(cx, o, c, m)
    end
end

-- The first `room` that wait in the pool; `kind` is the timer that does the rest.
local function each_waiting(cx, o, room, kind, visit)
    local key = outages.key(cx, o.id, 'waiting')
    local members = redis.call('ZRANGE', key, 0, room - 1)
    for _, member in ipairs(members) do
        local m = mentions.find(cx, (cases.split(member)))
        if m and m.pool == o.id then
            visit(cases.read(cx, m.case), m)
        else
            redis.call('ZREM', key, member)
        end
    end
    if #members == room and redis.call('EXISTS', key) == 1 then
        redis.call('ZADD', cx.timers, cx.stamp, kind .. '|' .. o.id)
    end
    return #members
end

local function end_one(cx, o, c, m)
    acts.finish(cx, c, m, 'resolved', o.resolved_by, { 'outcome', o.outcome, 'cause', o.cause or '' })
    events.count(cx, 'outcome_' .. o.outcome)
end

-- The mentions were on their way back to their lanes: what still waits there ends too.
local function end_returned(cx, o, room)
    local at = tonumber(o.walked or 0)
    local ids = redis.call('ZRANGE', outages.key(cx, o.id, 'members'), at, at + room - 1)
    for _, id in ipairs(ids) do
        local m = mentions.find(cx, id)
        if m and m.s.outage == o.id then
            local c = cases.read(cx, m.case)
            if is_free(cx, c, m) then
                end_one(cx, o, c, m)
            end
        end
    end
    outages.write(cx, o, 'walked', int(at + #ids))
    if #ids == room then
        redis.call('ZADD', cx.timers, cx.stamp, 'end|' .. o.id)
    end
    return #ids
end

-- Resolved: what waits in it ends with it. Answers how many it looked at.
function outages.end_some(cx, o, room)
    local n = each_waiting(cx, o, room, 'end', function(c, m)
        end_one(cx, o, c, m)
    end)
    if o.returned and n < room then
        n = n + end_returned(cx, o, room - n)
    end
    return n
end

-- How many end_some() has still to look at.
function outages.to_end(cx, o)
    local rest = o.returned and redis.call('ZCARD', outages.key(cx, o.id, 'members'))
        - tonumber(o.walked or 0) or 0
    return outages.left(cx, o.id) + rest
end

function outages.return_some(cx, o, room)
    return each_waiting(cx, o, room, 'disband', function(c, m)
        waiting.leave(cx, m)
        waiting.to_lane(cx, c, m)
    end)
end

function outages.left(cx, id)
    return redis.call('ZCARD', outages.key(cx, id, 'waiting'))
end

-- for claims

local LOOKED = 100 -- of an item's mentions, for a filter
local ITEMS = 8    -- the detector has no more open at once

local function suits(filter, lane)
    local p = lanes.parse(lane)
    return (filter.tier == nil or filter.tier == p.tier)
        and (not filter.langs or filter.langs[p.lang])
        and (not filter.networks or filter.networks[p.network])
end

local function any_suits(cx, id, filter)
    for _, member in ipairs(redis.call('ZRANGE', outages.key(cx, id, 'waiting'), 0, LOOKED - 1)) do
        local _, lane = cases.split(member)
        if suits(filter, lane) then
            return true
        end
    end
    return false
end

-- The most urgent item that the filter lets through.
function outages.candidate(cx, filter)
    local items = redis.call('ZRANGE', item_key(cx), 0, ITEMS - 1, 'WITHSCORES')
    for i = 1, #items, 2 do
        if any_suits(cx, items[i], filter) then
            local due = tonumber(items[i + 1])
            return { outage = items[i], due = due, order = due }
        end
    end
end

-- What is offered, the most urgent first.
function outages.items(cx)
    local out = {}
    local items = redis.call('ZRANGE', item_key(cx), 0, ITEMS - 1, 'WITHSCORES')
    for i = 1, #items, 2 do
        local o = outages.read(cx, items[i]) or { id = items[i] }
        out[#out + 1] = json_object({ { 'id', json_text(o.id) }, { 'topic', json_text(o.topic or '') },
            { 'people', int(o.people or 0) }, { 'waiting', int(outages.left(cx, o.id)) },
            { 'due_at', int(math.floor(tonumber(items[i + 1]))) } })
    end
    return json_list(out)
end

-- The lease of an outage ended, by time or by hand.
function outages.let_go(cx, c, kind, by)
    local id = outages.of_case(c.case)
    if not id then
        return
    end
    local o = outages.read(cx, id)
    if o and not outages.ended(o) then
        outages.offer(cx, id)
    end
    outages.tell(cx, 'outage.released', { id = id }, 'by', by or '', 'kind', kind)
end

end

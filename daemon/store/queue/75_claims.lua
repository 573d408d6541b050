
-- claims ----------------------------------------------------------------------------------------
-- Which mention an agent gets, and what they are told with it.

claims.schema = {
    agent = needed(agent()), id = text(limits.id_bytes), case = text(2 * limits.id_bytes),
    classes = list(choice(CLASSES), 4), langs = list(text(16), 64),
    networks = list(text(32), 64), tier = whole(0, 1),
    lease = whole(1000, 7 * DAY), req = text(64), test_now = whole(0, MAX_MS),
}

local function set_of(items)
    if not items or #items == 0 then
        return nil
    end
    local set = {}
    for _, item in ipairs(items) do
        set[item] = true
    end
    return set
end

local function filter_of(cx, given)
    local tier = given.tier
    if tier == nil and settings.role(cx, given.agent) ~= 'lead' then
        tier = 0
    end
    return { classes = set_of(given.classes), langs = set_of(given.langs),
        networks = set_of(given.networks), tier = tier }
end

local function passes(filter, lane)
    local p = lanes.parse(lane)
    return (filter.tier == nil or p.tier == filter.tier)
        and (not filter.classes or filter.classes[p.class])
        and (not filter.langs or filter.langs[p.lang])
        and (not filter.networks or filter.networks[p.network])
end

-- The lanes of the class that a filter by language lets through, when they are few enough to be asked by name.
local function lanes_of(cx, filter, class)
    local tiers = filter.tier and { filter.tier } or { 0, 1 }
    local names = {}
    filter.known = filter.known or redis.call('SMEMBERS', keys.of(cx, 'networks'))
    for _, network in ipairs(filter.known) do
        if not filter.networks or filter.networks[network] then
            for lang in pairs(filter.langs) do
                for _, tier in ipairs(tiers) do
                    names[#names + 1] = tier .. ':' .. class .. ':' .. lang .. ':' .. network
                end
            end
        end
        if #names > limits.lanes_asked then
            return nil
        end
    end
    return names
end

local function first_of(cx, set, names)
    local lane, due
    if #names > 0 then
        for i, score in ipairs(redis.call('ZMSCORE', set, unpack(names))) do
            local at = tonumber(score or nil)
            if at and (not due or at < due) then
                lane, due = names[i], at
            end
        end
    end
    return lane, due
end

-- The first lane of the class that the filter lets through: mostly the first of all.
local function first_lane(cx, class, filter)
    local set = cx.brand .. ':heads:' .. class
    local head = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
    if not head[1] then
        return nil
    end
    if passes(filter, head[1]) then
        return head[1], tonumber(head[2])
    end
    local names = filter.langs and lanes_of(cx, filter, class)
    if names then
        return first_of(cx, set, names)
    end
    -- writing a score as text costs Redis more than finding it again
    local at, page = 1, 8
    repeat
        local found = redis.call('ZRANGE', set, at, at + page - 1)
        for i = 1, #found do
            if passes(filter, found[i]) then
                return found[i], tonumber(redis.call('ZSCORE', set, found[i]))
            end
        end
        at, page = at + #found, 128
    until #found == 0
end

-- What waits for the agent itself, the first of each class. It is compared as if it were due five
-- minutes earlier.
local function own_candidates(cx, given, filter)
    local found, missing, at, page = {}, #CLASSES, 0, 8
    local key = keys.of(cx, 'own', given.agent)
    repeat
        local own = redis.call('ZRANGE', key, at, at + page - 1, 'WITHSCORES')
        for i = 1, #own, 2 do
            local id, lane = cases.split(own[i])
            local class = lanes.parse(lane).class
            if not found[class] and passes(filter, lane) then
                local due = tonumber(own[i + 1])
                found[class] = { lane = lane, id = id, due = due, order = due - cx.conf.own_lead_ms }
                missing = missing - 1
            end
        end
        local ended = #own < 2 * page
        at, page = at + page, 256
    until ended or missing == 0 or at > limits.own_looked
    return found
end

local function candidate(cx, class, filter, own)
    if filter.classes and not filter.classes[class] then
        return nil
    end
    local lane, due = first_lane(cx, class, filter)
    local mine = own[class]
    if lane and not (mine and mine.order < due) then
        mine = { lane = lane, due = due, order = due }
    end
    local item = class == 'outage' and outages.candidate(cx, filter)
    if item and not (mine and mine.order <= item.order) then
        return item
    end
    return mine
end

local function earliest(found, classes)
    local best
    for _, class in ipairs(classes) do
        local one = found[class]
        if one and (not best or one.order < best.order) then
            best = one
        end
    end
    return best
end

local WORK = { 'outage', 'complaint', 'praise' }

-- Pressing ones by class; else by due time, `none` last. Every 4th claim of a brand takes the
-- smallest due time of all. Pressing is what has less than half of its class's target left.
local function choose(cx, given, filter)
    local own = own_candidates(cx, given, filter)
    local found = {}
    local by_due = cx.conf.claims % 4 == 3
    for _, class in ipairs(CLASSES) do
        local one = candidate(cx, class, filter, own)
        if one and not by_due and one.order <= cx.now + cx.conf.target[class] / 2 then
            return one
        end
        found[class] = one
    end
    if by_due then
        return earliest(found, CLASSES)
    end
    return earliest(found, WORK) or found.none
end

function claims.refuse_too_many(cx, c, name)
    if cases.holder(cx, c) == name then
        return
    end
    local n = redis.call('ZCOUNT', keys.of(cx, 'held', name), '(' .. cx.stamp, '+inf')
    if n >= cx.conf.max_claims then
        fail('TOOMANY holding=' .. n)
    end
end

-- The mention becomes the agent's, and with it the case: what else waits in it comes along.
function claims.take(cx, c, m, name, lease_ms)
    if m.state == 'queued' then
        waiting.leave(cx, m)
    end
    mentions.write(cx, m, 'claimed', 'owner', name, 'case', c.case, 'lane', m.lane or '',
        'due_at', lanes.score(m.due or cx.now), 'class', m.class or 'none')
    m.case, m.owner = c.case, name
    redis.call('ZADD', keys.of(cx, 'cc', c.case), cx.stamp, m.id)
    c.showing = true
    cases.lease(cx, c, name, lease_ms)
    if c.born then
        waiting.hand_over(cx, c, name)
        waiting.gather(cx, c, name)
    end
end

-- `waits`: some of the case still wait in lanes, where a mention has no state of its own.
local function member_json(cx, id, room, waits)
    local s = mentions.state(cx, id)
    local state = s.state or (waits and mentions.find(cx, id).state) or 'unqueued'
    local body = redis.call('GET', mentions.key(cx, id))
    if body and (#body == 0 or #body > room) then
        body = nil
    end
    return json_object({ { 'id', json_text(id) }, { 'state', json_text(state) },
        { 'by', (s.owner or s.by) and json_text(s.owner or s.by) },
        { 'outcome', s.outcome and json_text(s.outcome) }, { 'mention', body } })
end

-- The case so far, the newest first, as far as there is room.
function claims.case_json(cx, c, id, room)
    local out = {}
    if not c.born then
        return out
    end
    local waits = redis.call('EXISTS', keys.of(cx, 'cw', c.case)) == 1
    for _, other in ipairs(redis.call('ZREVRANGE', keys.of(cx, 'cm', c.case), 0,
        limits.context_mentions)) do
        if other ~= id and #out < limits.context_mentions then
            local one = member_json(cx, other, room, waits)
            room = room - #one
            if room < 0 then
                break
            end
            out[#out + 1] = one
        end
    end
    return out
end

-- The author's last mentions and how they ended, those of the case left out; the last first.
local function author_json(cx, c, id, body, room)
    local out = {}
    local key = mentions.author_key(cx, body)
    if not key then
        return out
    end
    for _, other in ipairs(redis.call('ZREVRANGE', key, 0, limits.author_mentions - 1)) do
        local s = mentions.state(cx, other)
        if other ~= id and s.state and s.case ~= c.case then
            local one = member_json(cx, other, room)
            room = room - #one
            if room < 0 then
                break
            end
            out[#out + 1] = one
        end
    end
    return out
end

local function waiting_ids(cx, c)
    local out, room = {}, 16384
    if not c.born then
        return out
    end
    for _, member in ipairs(redis.call('ZRANGE', keys.of(cx, 'co', c.case), 0,
        limits.case_step - 1)) do
        local id = cases.split(member)
        room = room - #id
        if room < 0 then
            break
        end
        out[#out + 1] = id
    end
    return out
end

local function case_counts(cx, c)
    if not c.born then
        return '{"case":1,"claimed":1,"waiting":0}'
    end
    return json_object({
        { 'case', int(redis.call('ZCARD', keys.of(cx, 'cm', c.case))) },
        { 'claimed', int(redis.call('ZCARD', keys.of(cx, 'cc', c.case))) },
        { 'waiting', int(waiting.left(cx, c)) },
    })
end

-- Room for the customer's tier and note and the budget is in `context`: the parts that know them add their
-- names.
function claims.reply(cx, c, m)
    local body = redis.call('GET', mentions.key(cx, m.id)) or ''
    local ids = waiting_ids(cx, c)
    local outage = outages.context(cx, m)
    local room = limits.reply_bytes - #body - #table.concat(ids) - #(outage or '') - 1024
    local members = claims.case_json(cx, c, m.id, room)
    local counts = case_counts(cx, c)
    for _, one in ipairs(members) do
        room = room - #one
    end
    local author = author_json(cx, c, m.id, body, room)
    return json_object({
        { 'id', json_text(m.id) }, { 'state', '"claimed"' }, { 'owner', json_text(m.owner) },
        { 'case', json_text(c.case) }, { 'lease_until', int(c.ends) },
        { 'due_at', int(math.floor(m.due or cx.now)) },
        { 'hint', c.hint and json_text(c.hint) },
        { 'mention', body ~= '' and body or 'null' }, { 'waiting', json_texts(ids) },
        { 'context', json_object({ { 'case', json_list(members) },
            { 'author', json_list(author) }, { 'counts', counts }, { 'outage', outage } }) },
    })
end

local function finish(cx, c, m, given, was)
    c.hint = was ~= given.agent and was or nil
    claims.take(cx, c, m, given.agent, given.lease)
    mentions.tell(cx, 'claimed', m, given.agent, { 'until', int(c.ends) })
    return claims.reply(cx, c, m)
end

-- A mention whose proof ran out while nobody looked: it is counted, not handed out.
local function is_ghost(cx, m)
    if redis.call('STRLEN', mentions.key(cx, m.id)) > 0 then
        return false
    end
    waiting.leave(cx, m)
    redis.call('DEL', keys.of(cx, 's', m.id))
    events.count(cx, 'ghosts')
    return true
end

-- The next one for this agent. In passing it moves what is waiting in a lane although its case is
-- held (the rest of a large case, a merger) to the holder; so it may look more than once. The third value is an
-- outage instead of a mention.
local function next_one(cx, given, filter)
    local moved = 0
    for _ = 1, limits.case_step do
        local one = choose(cx, given, filter)
        if not one then
            return nil
        elseif one.outage then
            return nil, nil, outages.need(cx, one.outage)
        end
        local id = one.id or redis.call('ZRANGE', lanes.key(cx, one.lane), 0, 0)[1]
        local m = mentions.find(cx, id, one.lane, one.due)
        if not is_ghost(cx, m) then
            local c = cases.read(cx, m.case)
            local holder = cases.holder(cx, c)
            if not holder or holder == given.agent then
                return m, c
            end
            waiting.move_to_owner(cx, c, m, holder)
            if moved < limits.members / 2 then
                moved = moved + waiting.gather(cx, c, holder)
            end
        end
    end
end

local function claim_next(cx, given)
    claims.refuse_too_many(cx, {}, given.agent)
    local filter = filter_of(cx, given)
    timers.run(cx, limits.claim_steps)
    local m, c, outage = next_one(cx, given, filter)
    -- before it says there is nothing, it looks at all that time may have brought back
    local rounds = limits.members / limits.tick_steps
    while not m and not outage and rounds > 0 and timers.run(cx, limits.tick_steps) > 0 do
        m, c, outage = next_one(cx, given, filter)
        rounds = rounds - 1
    end
    if not m and not outage then
        return false
    end
    redis.call('HINCRBY', cx.brand, 'claims', 1)
    if outage then
        return outages.take(cx, outage, outages.case(cx, outage.id), given.agent, given.lease)
    end
    local was = c.owner
    if timers.end_lease(cx, c) then
        m = mentions.find(cx, m.id)
    end
    return finish(cx, c, m, given, was)
end

-- The most urgent of a named case: with its owner, in its lanes, else the mention it is named after.
local function first_of_case(cx, name)
    local case = cases.follow(cx, name)
    for _, set in ipairs({ 'co', 'cw' }) do
        local first = redis.call('ZRANGE', keys.of(cx, set, case), 0, 0)[1]
        if first then
            return mentions.need(cx, (cases.split(first)))
        end
    end
    local claimed = redis.call('ZRANGE', keys.of(cx, 'cc', case), 0, 0)[1]
    return mentions.need(cx, claimed or case)
end

claims.first_of_case = first_of_case

local MAY = { queued = true, claimed = true }

local function claim_named(cx, given)
    local m = given.id and mentions.need(cx, given.id) or first_of_case(cx, given.case)
    local c = cases.read(cx, m.case)
    local holder = cases.holder(cx, c)
    if MAY[m.state] and holder and holder ~= given.agent then
        cases.refuse_held(cx, c)
    end
    if not MAY[m.state] and not (m.state == 'snoozed' and m.owner == given.agent and not holder) then
        fail('BADSTATE state=' .. m.state)
    end
    claims.refuse_too_many(cx, c, given.agent)
    if m.state == 'claimed' and holder == given.agent then
        c.showing = true
        cases.lease(cx, c, given.agent, given.lease)
        return claims.reply(cx, c, m)
    end
    local was = c.owner
    if timers.end_lease(cx, c) then
        m = mentions.find(cx, m.id)
    end
    redis.call('ZREM', cx.timers, 'wake|' .. m.id)
    return finish(cx, c, m, given, was)
end

function claims.claim(cx, given)
    local by = args.one_of(given, 'id', 'case', 'outage')
    if by == 'outage' then
        return outages.claim(cx, given)
    elseif by then
        return claim_named(cx, given)
    end
    return claim_next(cx, given)
end

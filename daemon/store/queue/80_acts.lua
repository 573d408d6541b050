
-- acts ------------------------------------------------------------------------------------------
-- What agents do with what they hold. An act by the owner renews the lease.

local acts = {}

local TARGET = { id = text(limits.id_bytes), case = text(2 * limits.id_bytes) }

local function act_schema(schema)
    schema.agent, schema.id, schema.case = needed(agent()), TARGET.id, TARGET.case
    schema.req, schema.test_now = text(64), whole(0, MAX_MS)
    return schema
end

acts.schemas = {
    renew = act_schema({ lease = whole(1000, 7 * DAY) }),
    release = act_schema({ all = FLAG }),
    resolve = act_schema({
        outcome = needed(choice({ 'fixed', 'answered', 'compensated', 'refused', 'duplicate' })),
        cause = text(64), note = text(2048, { free = true }), reply_url = text(2048),
    }),
    dismiss = act_schema({ reason = text(64) }),
    reopen = act_schema({}),
    snooze = act_schema({ wake_at = whole(0, MAX_MS), ['for'] = whole(1000, 30 * DAY) }),
    assign = act_schema({ to = needed(agent()) }),
    escalate = act_schema({ to = agent(), note = text(64) }),
    reclassify = act_schema({ class = needed(choice(CLASSES)), lang = text(16) }),
}

-- The mention and the case that are meant; with a case, the mention is its most urgent one.
local function target(cx, given)
    local by = args.one_of(given, 'id', 'case')
    if not by then
        fail('BADARG field=id missing')
    end
    local m
    if by == 'id' then
        m = mentions.need(cx, given.id)
    else
        m = claims.first_of_case(cx, given.case)
        -- of a case that its owner holds, a claimed one
        local claimed = redis.call('ZRANGE', keys.of(cx, 'cc', m.case), 0, 0)[1]
        m = claimed and mentions.find(cx, claimed) or m
    end
    return m, cases.read(cx, m.case)
end

-- Only who holds a claimed mention may act on it.
local function must_hold(cx, given, m, c)
    if m.state ~= 'claimed' then
        fail('BADSTATE state=' .. m.state)
    end
    local holder = cases.holder(cx, c)
    if not holder then
        fail('BADSTATE state=queued')
    end
    if holder ~= given.agent then
        fail('NOTOWNER owner=' .. holder)
    end
end

local function reply(m, c, more)
    local out = { { 'id', json_text(m.id) }, { 'state', json_text(m.state) },
        { 'case', json_text(c.case) } }
    for _, pair in ipairs(more or {}) do
        out[#out + 1] = pair
    end
    return json_object(out)
end

-- What waits with the owner was safe from being given back while the lease ran.
local function guard_anew(cx, c)
    waiting.each(cx, c, limits.case_step, function(m)
        if m.own then
            redis.call('ZADD', cx.timers, int(waiting.back_at(cx, m)), 'back|' .. m.id)
        end
    end)
end

-- After an act: the lease goes on for what is still claimed, or ends.
local function settle(cx, c)
    if not cases.holder(cx, c) then
        return
    end
    if redis.call('EXISTS', keys.of(cx, 'cc', c.case)) == 1 then
        cases.lease(cx, c, c.owner)
        return
    end
    cases.unlease(cx, c)
    guard_anew(cx, c)
end

-- Every claimed mention of the case back to its old place, what waited with the owner too. At most
-- `n` members; answers how many went, and whether that was all.
function acts.let_go(cx, c, n, kind, by)
    local ids = cases.claimed(cx, c, n)
    for _, id in ipairs(ids) do
        local m = mentions.find(cx, id)
        m.case = c.case
        redis.call('ZREM', keys.of(cx, 'cc', c.case), id)
        if c.tier ~= '0' then
            m.lane = m.lane:gsub('^%d+', c.tier)
        end
        waiting.to_lane(cx, c, m)
        mentions.tell(cx, kind, m, by)
        outages.take_back(cx, c, m)
    end
    local rest = n - #ids
    local returned = rest > 0 and waiting.give_back(cx, c, rest) or 0
    if #ids + returned >= n then
        return #ids, false
    end
    cases.unlease(cx, c, true)
    outages.let_go(cx, c, kind, by)
    return #ids, true
end

function acts.renew(cx, given)
    if args.one_of(given, 'id', 'case', 'outage') == 'outage' then
        return outages.renew(cx, given)
    end
    local m, c = target(cx, given)
    must_hold(cx, given, m, c)
    cases.lease(cx, c, given.agent, given.lease)
    return reply(m, c, { { 'lease_until', int(c.ends) } })
end

-- Ends what is left of the lease now; the tick does what this call had no room for.
local function release_rest(cx, c)
    cases.write(cx, c, 'until', cx.stamp)
    redis.call('ZADD', cx.timers, cx.stamp, 'lease|' .. c.case)
end

local function release_all(cx, given)
    local held = redis.call('ZRANGE', keys.of(cx, 'held', given.agent), 0, limits.members - 1)
    local released, room = 0, limits.members
    for _, case in ipairs(held) do
        local c = cases.read(cx, case)
        if cases.holder(cx, c) == given.agent then
            local n, all = 0, false
            if room > 0 then
                n, all = acts.let_go(cx, c, math.min(room, limits.case_step), 'released',
                    given.agent)
            end
            released, room = released + n, room - n
            if not all then
                release_rest(cx, c)
            end
        end
    end
    return json_object({ { 'released', int(released) }, { 'cases', int(#held) } })
end

function acts.release(cx, given)
    local by = args.one_of(given, 'id', 'case', 'outage', 'all')
    if by == 'all' then
        return release_all(cx, given)
    elseif by == 'outage' then
        return outages.release(cx, given)
    end
    local m, c = target(cx, given)
    must_hold(cx, given, m, c)
    local n, all = acts.let_go(cx, c, limits.members, 'released', given.agent)
    if not all then
        release_rest(cx, c)
    end
    m.state = 'queued'
    return reply(m, c, { { 'released', int(n) } })
end

-- Ends one mention of the case, wherever it was.
local function finish(cx, c, m, state, by, fields, kind, told)
    if m.state == 'claimed' then
        redis.call('ZREM', keys.of(cx, 'cc', c.case), m.id)
    elseif m.state == 'queued' then
        waiting.leave(cx, m)
    elseif m.state == 'snoozed' then
        redis.call('ZREM', cx.timers, 'wake|' .. m.id)
    end
    if m.lane and not m.s.lane then
        -- it only waited until now, and it may be reopened: then its old place is asked for
        redis.call('HSET', keys.of(cx, 's', m.id), 'lane', m.lane, 'due_at', lanes.score(m.due))
    end
    mentions.write(cx, m, state, 'by', by, 'case', c.case, 'class', m.class or 'none',
        unpack(fields))
    mentions.unset(cx, m, 'owner')
    mentions.close(cx, m)
    mentions.note_author(cx, m)
    mentions.tell(cx, kind or state, m, by, told or fields)
end

acts.finish = finish

local function keep_words(cx, m, given)
    local key = keys.of(cx, 'r', m.id)
    for _, name in ipairs({ 'note', 'reply_url' }) do
        if given[name] then
            redis.call('HSET', key, name, given[name])
        end
    end
end

-- The claimed ones of the case, and those waiting ones that its owner has been shown: a follow-up
-- that came since then is not ended unseen.
local function end_case(cx, c, end_one)
    local n = 0
    for _, id in ipairs(cases.claimed(cx, c, limits.members / 2)) do
        end_one(mentions.find(cx, id))
        n = n + 1
    end
    waiting.each(cx, c, limits.members / 2, function(m)
        if tonumber(m.s.at or 0) <= (c.shown or 0) then
            end_one(m)
            n = n + 1
        end
    end)
    return n
end

function acts.resolve(cx, given)
    local m, c = target(cx, given)
    must_hold(cx, given, m, c)
    local fields = { 'outcome', given.outcome, 'cause', given.cause or '' }
    local function end_one(one)
        keep_words(cx, one, given)
        finish(cx, c, one, 'resolved', given.agent, fields)
        events.count(cx, 'outcome_' .. given.outcome)
    end
    local n = 1
    if given.id then
        end_one(m)
    else
        n = end_case(cx, c, end_one)
    end
    cases.write(cx, c, 'ended', cx.stamp, 'acted', cx.stamp)
    settle(cx, c)
    m.state = 'resolved'
    return reply(m, c, { { 'resolved', int(n) }, { 'left', int(waiting.left(cx, c)) } })
end

local DISMISSABLE = { queued = true, claimed = true }

function acts.dismiss(cx, given)
    local m, c = target(cx, given)
    if not DISMISSABLE[m.state] then
        fail('BADSTATE state=' .. m.state)
    end
    local holder = cases.holder(cx, c)
    if holder and holder ~= given.agent then
        cases.refuse_held(cx, c)
    end
    if m.state == 'claimed' and timers.end_lease(cx, c) then
        m = mentions.find(cx, m.id)
    end
    local fields = { 'cause', given.reason or '' }
    local function end_one(one)
        finish(cx, c, one, 'dismissed', given.agent, fields)
    end
    local n = 1
    if given.id or not c.born then
        end_one(m)
    else
        c.shown = cx.now
        n = end_case(cx, c, end_one)
    end
    settle(cx, c)
    m.state = 'dismissed'
    return reply(m, c, { { 'dismissed', int(n) }, { 'left', int(waiting.left(cx, c)) } })
end

local ENDED = { resolved = true, dismissed = true }

function acts.reopen(cx, given)
    local m, c = target(cx, given)
    if not ENDED[m.state] then
        fail('BADSTATE state=' .. m.state)
    end
    if settings.role(cx, given.agent) ~= 'lead' then
        if m.s.by ~= given.agent then
            fail('NOTOWNER owner=' .. (m.s.by or ''))
        end
        if cx.now - tonumber(m.s.at) > cx.conf.undo_ms then
            fail('BADSTATE state=' .. m.state .. ' too late')
        end
    end
    local holder = cases.holder(cx, c)
    if holder and holder ~= given.agent then
        cases.refuse_held(cx, c)
    end
    claims.refuse_too_many(cx, c, given.agent)
    mentions.reopen(cx, m)
    mentions.unset(cx, m, 'outcome', 'cause', 'by')
    claims.take(cx, c, m, given.agent)
    mentions.tell(cx, 'reopened', m, given.agent)
    return reply(m, c, { { 'lease_until', int(c.ends) } })
end

function acts.snooze(cx, given)
    local by = args.one_of(given, 'wake_at', 'for')
    if not by then
        fail('BADARG field=wake_at missing')
    end
    if not given.id then
        fail('BADARG field=id missing')
    end
    local m, c = target(cx, given)
    must_hold(cx, given, m, c)
    local wake = given.wake_at or cx.now + given['for']
    if wake <= cx.now or wake > cx.now + 30 * DAY then
        fail('BADARG field=wake_at wanted: within 30 days')
    end
    redis.call('ZREM', keys.of(cx, 'cc', c.case), m.id)
    mentions.write(cx, m, 'snoozed', 'wake', int(wake))
    redis.call('ZADD', cx.timers, int(wake), 'wake|' .. m.id)
    mentions.tell(cx, 'snoozed', m, given.agent, { 'until', int(wake) })
    cases.write(cx, c, 'acted', cx.stamp)
    settle(cx, c)
    return reply(m, c, { { 'wake_at', int(wake) } })
end

-- Owner for what they hold; a lead for anything that is waiting or held.
local function may_pass_on(cx, given, m, c)
    if settings.role(cx, given.agent) == 'lead' then
        if not DISMISSABLE[m.state] then
            fail('BADSTATE state=' .. m.state)
        end
        return
    end
    must_hold(cx, given, m, c)
end

-- The whole case goes to `to`, with a new lease.
local function pass_to(cx, given, m, c, kind)
    timers.end_lease(cx, c)
    m = mentions.find(cx, m.id)
    local claimed = cases.claimed(cx, c)
    if m.state == 'queued' then
        claims.take(cx, c, m, given.to)
        mentions.tell(cx, kind, m, given.agent, { 'to', given.to })
    end
    cases.lease(cx, c, given.to)
    for _, id in ipairs(claimed) do
        local one = mentions.find(cx, id)
        redis.call('HSET', keys.of(cx, 's', id), 'owner', given.to)
        mentions.tell(cx, kind, one, given.agent, { 'to', given.to })
    end
    waiting.hand_over(cx, c, given.to)
    m.state = 'claimed'
    return reply(m, c, { { 'owner', json_text(given.to) }, { 'lease_until', int(c.ends) } })
end

function acts.assign(cx, given)
    local m, c = target(cx, given)
    may_pass_on(cx, given, m, c)
    return pass_to(cx, given, m, c, 'assigned')
end

-- Without a name the case waits in tier 1, and what comes to it later too.
local function to_tier(cx, given, m, c)
    c.tier = '1'
    cases.write(cx, c, 'tier', 1)
    if m.state == 'claimed' then
        local _, all = acts.let_go(cx, c, limits.members, 'escalated', given.agent)
        if not all then
            release_rest(cx, c)
        end
    end
    local function lift(one)
        if one.lane:sub(1, 2) ~= '1:' then
            waiting.leave(cx, one)
            redis.call('ZREM', keys.of(cx, 'cw', c.case), one.lane .. '|' .. one.id)
            one.lane = one.lane:gsub('^%d+', '1')
            waiting.to_lane(cx, c, one)
            if one.id == m.id and m.state == 'queued' then
                mentions.tell(cx, 'escalated', one, given.agent)
            end
        end
    end
    if c.born then
        waiting.each(cx, c, limits.case_step, lift)
    elseif m.state == 'queued' then
        lift(m)
    end
    m.state = 'queued'
    return reply(m, c, { { 'tier', '1' } })
end

function acts.escalate(cx, given)
    local m, c = target(cx, given)
    may_pass_on(cx, given, m, c)
    if given.to then
        return pass_to(cx, given, m, c, 'escalated')
    end
    return to_tier(cx, given, m, c)
end

-- The new class's due time: as much of the new target as the old one would have been of its own.
local function due_again(cx, m, class)
    mentions.open(cx, m)
    local created = tonumber(m.s.created_at)
    local target_ms = cx.conf.target[class]
    local share = 1
    if m.due and m.class then
        share = (m.due - created) / cx.conf.target[m.class]
        share = math.max(0.25, math.min(1, share))
    else
        created = math.max(created, cx.now - target_ms)
    end
    return math.floor(created + target_ms * share)
end

local function lane_again(cx, m, given)
    local p = m.lane and m.lane ~= '' and lanes.parse(m.lane)
        or { tier = 0, lang = given.lang, network = m.id:match('^([^:]+):') }
    return lanes.name(cx, p.tier, given.class, p.lang, p.network)
end

local function change_class(cx, given, m, c)
    if m.state == 'queued' or m.state == 'unqueued' then
        local due = due_again(cx, m, given.class)
        local lane = lane_again(cx, m, given)
        local own = m.own
        if m.state == 'queued' then
            waiting.leave(cx, m)
        end
        m.due, m.lane, m.class = due, lane, given.class
        if own then
            waiting.to_own(cx, c, m, own)
        else
            waiting.to_lane(cx, c, m)
        end
    elseif m.state == 'claimed' or m.state == 'snoozed' then
        m.due, m.lane = due_again(cx, m, given.class), lane_again(cx, m, given)
        redis.call('HSET', keys.of(cx, 's', m.id), 'lane', m.lane, 'due_at', lanes.score(m.due))
    end
    m.class = given.class
    redis.call('HSET', keys.of(cx, 's', m.id), 'class', given.class)
end

acts.settle, acts.change_class = settle, change_class

local LIVE = { queued = true, claimed = true, snoozed = true }

function acts.reclassify(cx, given)
    if not given.id then
        fail('BADARG field=id missing')
    end
    local m = mentions.need(cx, given.id)
    local c = cases.read(cx, m.case)
    local holder = cases.holder(cx, c)
    if m.state == 'claimed' and holder and holder ~= given.agent then
        fail('NOTOWNER owner=' .. holder)
    end
    local was = m.class or ''
    local told = { 'from', was }
    if given.class == 'none' and LIVE[m.state] then
        m.class = 'none'
        finish(cx, c, m, 'dismissed', given.agent, { 'cause', 'none' }, 'reclassified', told)
        settle(cx, c)
    elseif given.class == 'none' and m.state == 'unqueued' then
        m.class = 'none'
        mentions.tell(cx, 'reclassified', m, given.agent, told)
    else
        change_class(cx, given, m, c)
        if holder == given.agent and m.state == 'claimed' then
            cases.lease(cx, c, given.agent)
        end
        mentions.tell(cx, 'reclassified', m, given.agent, told)
    end
    return reply(m, c, { { 'class', json_text(m.class) }, { 'from', json_text(was) } })
end

-- The brand's own reply was seen on the network. Nobody holds the case: what was written before the
-- reply is answered. Somebody does: they are told, and end it themselves.
function acts.answered(cx, case, at, reply_id, n)
    local c = cases.read(cx, case)
    cases.write(cx, c, 'answered', int(math.max(at, c.answered or 0)))
    if cases.holder(cx, c) then
        mentions.tell(cx, 'answered', { id = reply_id, case = case }, 'network',
            { 'state', 'claimed', 'owner', c.owner })
        return 1
    end
    local fields = { 'outcome', 'answered', 'cause', '' }
    local function end_one(m)
        finish(cx, c, m, 'resolved', 'network', fields, 'answered',
            { 'state', 'resolved', 'reply', reply_id })
    end
    if not c.born then
        local m = mentions.find(cx, case)
        if m and m.state == 'queued' then
            end_one(m)
        end
        return 1
    end
    local newer = {}
    local seen = waiting.each(cx, c, n, function(m)
        local created = tonumber(redis.call('ZSCORE', keys.of(cx, 'cm', c.case), m.id) or 0)
        if created <= at then
            end_one(m)
        else
            newer[#newer + 1] = m.id
        end
    end)
    if seen == n and #newer < n then
        redis.call('ZADD', cx.timers, cx.stamp, 'answer|' .. case)
    end
    return seen
end


-- outages: what is shown of them, and who owns them -----------------------------------------------------

do

local RECENT_MS = 24 * HOUR -- over for longer than that: agents are not told with a claim

local function number(v)
    return v and v ~= '' and tostring(v) or nil
end

local function word(v)
    return v and v ~= '' and json_text(v) or nil
end

local function by_at(by, at, ...)
    return at and json_object({ { 'by', json_text(by or '') }, { 'at', at }, ... }) or nil
end

-- The record in the order of docs/queue.md, as pairs.
function outages.pairs(cx, o)
    local c = outages.case(cx, o.id)
    local holder = cases.holder(cx, c)
    return {
        { 'id', json_text(o.id) }, { 'state', json_text(o.state) }, { 'shadow', o.shadow and 'true' },
        { 'topic', word(o.topic) }, { 'places', o.places or '[]' }, { 'since', o.since },
        { 'opened_at', int(o.opened_at) }, { 'over_at', o.over_at and int(o.over_at) },
        { 'people', int(o.people or 0) }, { 'reports', o.reports or '0' },
        { 'per_minute', number(o.per_minute) }, { 'expected', number(o.expected) },
        { 'score', number(o.score) }, { 'networks', o.networks or '[]' },
        { 'members', int(redis.call('ZCARD', outages.key(cx, o.id, 'members'))) },
        { 'waiting', int(outages.left(cx, o.id)) },
        { 'owner', holder and json_text(holder) }, { 'lease_until', holder and int(c.ends) },
        { 'acknowledged', by_at(o.ack_by, o.ack_at) }, { 'note', word(o.note) },
        { 'status_url', word(o.status_url) }, { 'eta', number(o.eta) },
        { 'resolved', by_at(o.resolved_by, o.resolved_at, { 'outcome', word(o.outcome) },
            { 'cause', word(o.cause) }) },
        { 'confirmed_at', o.confirmed_at and int(o.confirmed_at) },
        { 'led_ms', o.led_ms and int(o.led_ms) },
        { 'rejected', by_at(o.rejected_by, o.rejected_at, { 'why', word(o.rejected_why) }) },
        { 'missed', o.missed and 'true' },
    }
end

function outages.json(cx, o, ...)
    local out = outages.pairs(cx, o)
    for _, pair in ipairs({ ... }) do
        out[#out + 1] = pair
    end
    return json_object(out)
end

-- What an agent is told with a mention: how many others say the same, since when and where.
function outages.context(cx, m)
    local o = m.s.outage and outages.read(cx, m.s.outage)
    if not o or o.shadow or o.rejected_at or (o.over_at and cx.now - o.over_at > RECENT_MS) then
        return nil
    end
    return json_object({ { 'id', json_text(o.id) }, { 'state', json_text(o.state) },
        { 'topic', word(o.topic) }, { 'places', o.places or '[]' }, { 'since', o.since },
        { 'people', int(o.people or 0) }, { 'others', int(math.max(0, (o.people or 0) - 1)) },
        { 'note', word(o.note) }, { 'status_url', word(o.status_url) }, { 'eta', number(o.eta) } })
end

-- The most telling mentions as they are stored, as far as there is room.
local function examples_json(cx, o, room)
    local out = {}
    for _, id in ipairs(o.examples and cjson.decode(o.examples) or {}) do
        local body = redis.call('GET', mentions.key(cx, id))
        if body and #body > 0 and #body < room then
            out[#out + 1] = json_object({ { 'id', json_text(id) }, { 'mention', body } })
            room = room - #out[#out]
        end
    end
    return json_list(out)
end

function outages.claimed_json(cx, o, c)
    local shown = outages.json(cx, o)
    return json_object({ { 'outage', shown }, { 'state', '"claimed"' }, { 'owner', json_text(c.owner) },
        { 'lease_until', int(c.ends) },
        { 'examples', examples_json(cx, o, limits.reply_bytes - #shown) } })
end

-- Everything that may refuse it has been looked at by the caller.
function outages.take(cx, o, c, name, lease_ms)
    local renewed = cases.holder(cx, c) == name
    timers.end_lease(cx, c)
    cases.lease(cx, c, name, lease_ms)
    outages.withdraw(cx, o.id)
    if not renewed then
        outages.tell(cx, 'outage.claimed', o, 'by', name, 'until', int(c.ends))
    end
    return outages.claimed_json(cx, o, c)
end

function outages.claim(cx, given)
    local o = outages.need(cx, given.outage)
    local c = outages.case(cx, o.id)
    local holder = cases.holder(cx, c)
    local ended = outages.ended(o)
    if ended then
        fail('BADSTATE state=' .. ended)
    end
    if holder and holder ~= given.agent then
        cases.refuse_held(cx, c)
    end
    claims.refuse_too_many(cx, c, given.agent)
    return outages.take(cx, o, c, given.agent, given.lease)
end

-- Only who holds the outage.
local function must_hold(cx, given)
    local o = outages.need(cx, given.outage)
    local c = outages.case(cx, o.id)
    local holder = cases.holder(cx, c)
    if not holder then
        fail('BADSTATE state=' .. (outages.ended(o) or 'queued'))
    end
    if holder ~= given.agent then
        fail('NOTOWNER owner=' .. holder)
    end
    return o, c
end

function outages.renew(cx, given)
    local o, c = must_hold(cx, given)
    cases.lease(cx, c, given.agent, given.lease)
    return json_object({ { 'outage', json_text(o.id) }, { 'state', '"claimed"' },
        { 'lease_until', int(c.ends) } })
end

function outages.release(cx, given)
    local o, c = must_hold(cx, given)
    acts.let_go(cx, c, limits.case_step, 'released', given.agent)
    return json_object({ { 'outage', json_text(o.id) }, { 'state', '"queued"' },
        { 'waiting', int(outages.left(cx, o.id)) } })
end

end


-- outages: what people do with them, guards and maintenance ---------------------------------------------

do

local GUARDS = 100
local GUARD_MS = DAY
local ENDED_AT_ONCE = 100

local OUTAGE = text(64, { match = outages.ID })
local NOTE, URL = 2048, 2048

local function schema(fields)
    fields.agent, fields.req, fields.test_now = needed(agent()), text(64), whole(0, MAX_MS)
    return fields
end

local function on_outage(fields)
    fields.outage = needed(text(64, { match = outages.ID }))
    return schema(fields)
end

claims.schema.outage = OUTAGE
acts.schemas.renew.outage = OUTAGE
acts.schemas.release.outage = OUTAGE

outages.schemas = {
    ack = on_outage({ note = text(NOTE, { free = true }), status_url = text(URL), eta = whole(0, MAX_MS) }),
    resolve = on_outage({
        outcome = needed(choice({ 'fixed', 'answered', 'compensated', 'refused', 'duplicate' })),
        cause = text(64), note = text(NOTE, { free = true }), reply_url = text(URL),
    }),
    confirm = on_outage({ at = needed(whole(0, MAX_MS)) }),
    reject = on_outage({
        why = needed(choice({ 'joke', 'campaign', 'other-brand', 'flood', 'maintenance' })),
        ['for'] = whole(MINUTE, 400 * DAY),
    }),
    missed = schema({ at = needed(whole(0, MAX_MS)), topic = text(64), places = outages.PLACES,
        note = text(NOTE, { free = true }) }),
}

outages.guard_schema = schema({ guard = needed(text(16, { match = '^g%d+$' })) })
outages.window_schema = schema({ maintenance = needed(text(16, { match = '^m%d+$' })) })
outages.maintenance_schema = schema({ from = needed(whole(0, MAX_MS)), ['until'] = needed(whole(0, MAX_MS)),
    topic = text(64), note = text(256) })

-- An outage that somebody holds is theirs to speak about, and a lead's.
local function may_act(cx, given)
    local o = outages.need(cx, given.outage)
    local c = outages.case(cx, o.id)
    local holder = cases.holder(cx, c)
    if holder and holder ~= given.agent and settings.role(cx, given.agent) ~= 'lead' then
        fail('NOTOWNER owner=' .. holder)
    end
    if o.rejected_at then
        fail('BADSTATE state=rejected')
    end
    return o, c, holder
end

local function renew(cx, c, holder, name)
    if holder == name then
        cases.lease(cx, c, name)
    end
end

-- Nobody needs to hold it any more.
local function let_rest(cx, o, c)
    outages.withdraw(cx, o.id)
    if c.owner then
        cases.unlease(cx, c, true)
    end
end

function outages.ack(cx, given)
    local o, c, holder = may_act(cx, given)
    local fields = { 'ack_by', given.agent, 'ack_at', cx.stamp }
    for _, name in ipairs({ 'note', 'status_url', 'eta' }) do
        if given[name] then
            fields[#fields + 1] = name
            fields[#fields + 1] = name == 'eta' and int(given.eta) or given[name]
        end
    end
    outages.write(cx, o, unpack(fields))
    renew(cx, c, holder, given.agent)
    outages.tell(cx, 'outage.acknowledged', o, 'by', given.agent, 'note', o.note or '',
        'status_url', o.status_url or '', 'eta', o.eta or '')
    return outages.json(cx, o)
end

function outages.resolve(cx, given)
    local o, c = may_act(cx, given)
    if o.resolved_at then
        fail('BADSTATE state=resolved')
    end
    outages.write(cx, o, 'resolved_by', given.agent, 'resolved_at', cx.stamp, 'outcome', given.outcome,
        'cause', given.cause or '', 'reply_url', given.reply_url or '',
        'note', given.note or o.note or '')
    let_rest(cx, o, c)
    outages.tell(cx, 'outage.resolved', o, 'by', given.agent, 'outcome', given.outcome,
        'cause', given.cause or '')
    local before = cx.tally['outcome_' .. given.outcome] or 0
    outages.end_some(cx, o, ENDED_AT_ONCE)
    local n = (cx.tally['outcome_' .. given.outcome] or 0) - before
    return outages.json(cx, o, { 'ended', int(n) }, { 'left', int(outages.to_end(cx, o)) })
end

-- The score card counts each outage by its last word: `by` is 1 or -1.
local function count_confirmed(cx, led_ms, by)
    outages.score_card(cx, 'confirmed', by)
    outages.score_card(cx, 'led_ms', led_ms * by)
    outages.score_card(cx, 'ahead', led_ms > 0 and by or 0)
end

function outages.confirm(cx, given)
    local o, c, holder = may_act(cx, given)
    if o.missed then
        fail('BADSTATE state=missed')
    end
    if o.led_ms then
        count_confirmed(cx, o.led_ms, -1)
    end
    local led = given.at - o.opened_at
    outages.write(cx, o, 'confirmed_at', int(given.at), 'led_ms', int(led))
    count_confirmed(cx, led, 1)
    renew(cx, c, holder, given.agent)
    outages.tell(cx, 'outage.confirmed', o, 'by', given.agent, 'at', int(given.at), 'led_ms', int(led))
    return outages.json(cx, o)
end

-- guards and maintenance windows: id -> JSON text, at most 100 that have not ended

local function kept(cx, kind)
    local out, flat = {}, redis.call('HGETALL', keys.of(cx, kind))
    for i = 1, #flat, 2 do
        local ends = tonumber(cjson.decode(flat[i + 1])['until'])
        if ends > cx.now then
            out[#out + 1] = { id = flat[i], ends = ends, text = flat[i + 1] }
        end
    end
    table.sort(out, function(a, b)
        return a.ends < b.ends or (a.ends == b.ends and a.id < b.id)
    end)
    return out
end

local function keep_one(cx, kind, letter, ends, list_of_pairs)
    local id = letter .. redis.call('HINCRBY', keys.of(cx, 'outages', 'card'), 'last_' .. letter, 1)
    table.insert(list_of_pairs, 1, { 'id', json_text(id) })
    redis.call('HSET', keys.of(cx, kind), id, json_object(list_of_pairs))
    redis.call('ZADD', cx.timers, int(ends), kind .. '|' .. id)
    return id
end

local function drop_one(cx, kind, id)
    redis.call('ZREM', cx.timers, kind .. '|' .. id)
    return redis.call('HDEL', keys.of(cx, kind), id) == 1
end

local function make_guard(cx, o, given)
    local all = kept(cx, 'guards')
    if #all >= GUARDS then
        drop_one(cx, 'guards', all[1].id)
        outages.tell(cx, 'guard.removed', all[1], 'by', '')
    end
    local ends = int(cx.now + (given['for'] or GUARD_MS))
    local id = keep_one(cx, 'guards', 'g', ends, {
        { 'why', json_text(given.why) }, { 'outage', json_text(o.id) },
        { 'topic', o.topic and o.topic ~= '' and json_text(o.topic) }, { 'places', o.places or '[]' },
        { 'from', cx.stamp }, { 'until', ends }, { 'by', json_text(given.agent) },
    })
    outages.tell(cx, 'guard.added', { id = id }, 'by', given.agent, 'why', given.why, 'outage', o.id,
        'topic', o.topic or '', 'places', table.concat(cjson.decode(o.places or '[]'), ','),
        'from', cx.stamp, 'until', ends)
    return id
end

-- It was none: its mentions go back to their lanes, and the detector is taught.
function outages.reject(cx, given)
    local o, c = may_act(cx, given)
    if o.missed then
        fail('BADSTATE state=missed')
    end
    outages.write(cx, o, 'rejected_by', given.agent, 'rejected_at', cx.stamp, 'rejected_why', given.why,
        'state', 'over', 'over_at', int(o.over_at or cx.now))
    let_rest(cx, o, c)
    if o.led_ms then
        count_confirmed(cx, o.led_ms, -1)
    end
    outages.score_card(cx, 'rejected', 1)
    local id = make_guard(cx, o, given)
    outages.tell(cx, 'outage.rejected', o, 'by', given.agent, 'why', given.why, 'guard', id)
    redis.call('ZADD', cx.timers, cx.stamp, 'disband|' .. o.id)
    return outages.json(cx, o, { 'guard', json_text(id) })
end

local function free_id(cx)
    local id = 'missed-' .. cx.stamp
    local n = 1
    while redis.call('EXISTS', outages.key(cx, id)) == 1 do
        n = n + 1
        id = 'missed-' .. cx.stamp .. '-' .. n
    end
    return id
end

function outages.missed(cx, given)
    local o = { id = free_id(cx) }
    outages.write(cx, o, 'state', 'over', 'missed', '1', 'since', int(given.at),
        'opened_at', int(given.at), 'over_at', int(given.at), 'topic', given.topic or '',
        'places', json_texts(given.places or {}), 'note', given.note or '')
    outages.list_one(cx, o.id, given.at)
    outages.score_card(cx, 'missed', 1)
    outages.tell(cx, 'outage.missed', o, 'by', given.agent, 'at', int(given.at),
        'topic', o.topic, 'places', table.concat(given.places or {}, ','))
    return outages.json(cx, o)
end

local function remove(cx, kind, event, id, by)
    if not drop_one(cx, kind, id) then
        fail('BADSTATE state=unknown')
    end
    outages.tell(cx, event, { id = id }, 'by', by)
    return json_object({ { 'removed', json_text(id) } })
end

function outages.guard_remove(cx, given)
    return remove(cx, 'guards', 'guard.removed', given.guard, given.agent)
end

function outages.maintenance_remove(cx, given)
    return remove(cx, 'maintenance', 'maintenance.removed', given.maintenance, given.agent)
end

function outages.maintenance_add(cx, given)
    local ends = given['until']
    if ends <= given.from or ends <= cx.now or ends > cx.now + 400 * DAY then
        fail('BADARG field=until wanted: after from, later than now, within 400 days')
    end
    if #kept(cx, 'maintenance') >= GUARDS then
        fail('TOOMANY holding=' .. GUARDS)
    end
    local id = keep_one(cx, 'maintenance', 'm', ends, {
        { 'from', int(given.from) }, { 'until', int(ends) },
        { 'topic', given.topic and json_text(given.topic) },
        { 'note', given.note and json_text(given.note) }, { 'by', json_text(given.agent) },
    })
    outages.tell(cx, 'maintenance.added', { id = id }, 'by', given.agent, 'from', int(given.from),
        'until', int(ends), 'topic', given.topic or '')
    return json_object({ { 'id', json_text(id) }, { 'from', int(given.from) }, { 'until', int(ends) } })
end

function outages.guards(cx)
    local out = {}
    for i, kind in ipairs({ 'guards', 'maintenance' }) do
        local texts = {}
        for n, one in ipairs(kept(cx, kind)) do
            texts[n] = one.text
        end
        out[i] = { kind, json_list(texts) }
    end
    return json_object(out)
end

-- time

function timers.handlers.collect(cx, id, room)
    local o = outages.read(cx, id)
    return o and outages.collect(cx, o, room)
end

timers.handlers['end'] = function(cx, id, room)
    local o = outages.read(cx, id)
    return o and o.resolved_at and outages.end_some(cx, o, room)
end

function timers.handlers.unheld(cx, id)
    local o = outages.read(cx, id)
    if o then
        outages.overdue(cx, o)
    end
end

-- Over and nobody resolved it, or rejected. While somebody holds what is over it stays theirs.
function timers.handlers.disband(cx, id, room)
    local o = outages.read(cx, id)
    if not o or o.resolved_at then
        return
    end
    local c = outages.case(cx, id)
    if cases.holder(cx, c) and not o.rejected_at then
        redis.call('ZADD', cx.timers, int(c.ends), 'disband|' .. id)
        return
    end
    if not o.returned then
        outages.write(cx, o, 'returned', '1')
        outages.withdraw(cx, id)
        outages.tell(cx, 'outage.returned', o)
    end
    return outages.return_some(cx, o, room)
end

function timers.handlers.guards(cx, id)
    redis.call('HDEL', keys.of(cx, 'guards'), id)
end

function timers.handlers.maintenance(cx, id)
    redis.call('HDEL', keys.of(cx, 'maintenance'), id)
end

end

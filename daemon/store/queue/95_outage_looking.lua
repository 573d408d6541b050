
-- outages: read-only ------------------------------------------------------------------------------------

do

local LOOKED = 1000
local MEMBERS = 1000

outages.list_schema = {
    state = choice({ 'open', 'over', 'all' }), limit = whole(1, 100), before = whole(0, MAX_MS),
    test_now = whole(0, MAX_MS),
}
outages.get_schema = { outage = needed(text(64, { match = outages.ID })), test_now = whole(0, MAX_MS) }
outages.members_schema = { outage = needed(text(64, { match = outages.ID })), after = whole(0, MAX_MS),
    limit = whole(1, MEMBERS), test_now = whole(0, MAX_MS) }
outages.empty_schema = { test_now = whole(0, MAX_MS) }

local CARD = { 'opened', 'confirmed', 'led_ms', 'ahead', 'missed', 'rejected' }

local function card_json(cx)
    local values = redis.call('HMGET', keys.of(cx, 'outages', 'card'), unpack(CARD))
    local out = {}
    for i, name in ipairs(CARD) do
        out[i] = { name, values[i] or '0' }
    end
    return json_object(out)
end

function outages.list(cx, given)
    local upto = given.before and '(' .. int(given.before) or '+inf'
    local wanted = given.state ~= 'all' and given.state
    local out = {}
    local ids = redis.call('ZREVRANGEBYSCORE', keys.of(cx, 'outages'), upto, '-inf', 'LIMIT', 0, LOOKED)
    for _, id in ipairs(ids) do
        local o = (not wanted or redis.call('HGET', outages.key(cx, id), 'state') == wanted)
            and outages.read(cx, id)
        if o then
            out[#out + 1] = outages.json(cx, o)
        end
        if #out == (given.limit or 20) then
            break
        end
    end
    return json_object({ { 'outages', json_list(out) }, { 'card', card_json(cx) } })
end

local function series_json(cx, id)
    local out = {}
    for i, point in ipairs(redis.call('ZRANGE', outages.key(cx, id, 'series'), 0, -1)) do
        out[i] = '[' .. point:gsub(':', ',') .. ']'
    end
    return json_list(out)
end

function outages.get(cx, given)
    local o = outages.need(cx, given.outage)
    local why = redis.call('HGET', outages.key(cx, o.id), 'why')
    return outages.json(cx, o, { 'opened', o.opened }, { 'beside', o.beside and json_text(o.beside) },
        { 'reply_url', o.reply_url and o.reply_url ~= '' and json_text(o.reply_url) },
        { 'examples', o.examples or '[]' }, { 'series', series_json(cx, o.id) },
        { 'why', why and json_text(why) })
end

-- By rank: members are only ever added at the end.
function outages.members(cx, given)
    local o = outages.need(cx, given.outage)
    local after, limit = given.after or 0, given.limit or 200
    local ids = redis.call('ZRANGE', outages.key(cx, o.id, 'members'), int(after), int(after + limit - 1))
    return json_object({ { 'members', json_texts(ids) },
        { 'next', #ids == limit and int(after + limit) or 'null' } })
end

function outages.state(cx)
    return redis.call('GET', keys.of(cx, 'outages', 'state'))
end

end

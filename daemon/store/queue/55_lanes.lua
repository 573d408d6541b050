
-- lanes -----------------------------------------------------------------------------------------
-- What waits is in sorted sets by due time, one for each tier, class, language and network:
-- a claim's filter chooses lanes, never members. For each class `heads:<class>` holds the lanes
-- that have something waiting, by the due time of their first.

local lanes = {}

local parsed = {}
local parsed_count = 0

function lanes.parse(lane)
    local p = parsed[lane]
    if not p then
        local tier, class, lang, network = lane:match('^(%d+):(%a+):([^:]+):(.+)$')
        p = { tier = tonumber(tier), class = class, lang = lang, network = network }
        if parsed_count >= 8 * limits.lanes then
            parsed, parsed_count = {}, 0
        end
        parsed[lane] = p
        parsed_count = parsed_count + 1
    end
    return p
end

local function heads_of(cx, lane)
    return cx.brand .. ':heads:' .. lanes.parse(lane).class
end

function lanes.key(cx, lane)
    return cx.brand .. ':q:' .. lane
end

local function free_lanes(cx)
    local room = limits.lanes
    for _, class in ipairs(CLASSES) do
        room = room - redis.call('ZCARD', cx.brand .. ':heads:' .. class)
    end
    return room
end

-- 512 lanes at most: what would make one more goes to the class's common lane.
function lanes.name(cx, tier, class, lang, network)
    lang = lang and lang:lower():match('^%w+') or 'other'
    if not cx.conf.langs[lang] then
        lang = 'other'
    end
    local lane = tier .. ':' .. class .. ':' .. lang .. ':' .. network
    cx.lanes_seen = cx.lanes_seen or {}
    local name = cx.lanes_seen[lane]
    if name then
        return name
    end
    name = lane
    -- a call makes at most as many lanes as it has mentions: mostly there is room for all of them
    cx.lanes_room = cx.lanes_room or free_lanes(cx)
    if cx.lanes_room < limits.batch and redis.call('EXISTS', lanes.key(cx, lane)) == 0 then
        if cx.lanes_room <= 0 then
            name = tier .. ':' .. class .. ':other:other'
        else
            cx.lanes_room = cx.lanes_room - 1
        end
    end
    cx.lanes_seen[lane] = name
    return name
end

-- `due` is a number here; scores keep three digits below the millisecond, which order equal due
-- times by arrival and keep groups of equal scores small.
function lanes.score(due)
    local ms = math.floor(due)
    return string.format('%d.%03d', ms, (due - ms) * 1000 + 0.5)
end

-- `networks`: those that have, or had, a lane. A filter names its lanes by them.
local function note_network(cx, lane)
    local network = lanes.parse(lane).network
    cx.networks = cx.networks or {}
    if not cx.networks[network] then
        cx.networks[network] = true
        redis.call('SADD', keys.of(cx, 'networks'), network)
    end
end

-- `many`: lane -> { first = <smallest due time>, pairs = { score, id, score, id, ... } }. Heads and timers of
-- all of them take one command each.
function lanes.add_many(cx, many)
    local heads, watched = {}, {}
    for lane, waits in pairs(many) do
        redis.call('ZADD', lanes.key(cx, lane), unpack(waits.pairs))
        note_network(cx, lane)
        local set, score = heads_of(cx, lane), lanes.score(waits.first)
        local firsts = heads[set]
        if not firsts then
            firsts = {}
            heads[set] = firsts
        end
        firsts[#firsts + 1] = score
        firsts[#firsts + 1] = lane
        local n = #watched
        watched[n + 1], watched[n + 2] = score, 'over|' .. lane
        watched[n + 3] = lanes.score(waits.first + cx.conf.horizon_ms)
        watched[n + 4] = 'aged|' .. lane
    end
    for set, firsts in pairs(heads) do
        redis.call('ZADD', set, 'LT', unpack(firsts))
    end
    if #watched > 0 then
        redis.call('ZADD', cx.timers, 'LT', unpack(watched))
    end
end

function lanes.add(cx, lane, due, id)
    lanes.add_many(cx, { [lane] = { first = due, pairs = { lanes.score(due), id } } })
end

function lanes.fix_head(cx, lane)
    local first = redis.call('ZRANGE', lanes.key(cx, lane), 0, 0, 'WITHSCORES')
    if first[1] then
        redis.call('ZADD', heads_of(cx, lane), first[2], lane)
    else
        redis.call('ZREM', heads_of(cx, lane), lane)
    end
end

function lanes.remove(cx, lane, id)
    if redis.call('ZREM', lanes.key(cx, lane), id) == 1 then
        lanes.fix_head(cx, lane)
        return true
    end
    return false
end

-- Where a mention waits that has no state of its own yet. Its network is in its id, so only the
-- lanes of that network (and the common ones) are asked.
function lanes.locate(cx, id)
    local network = id:match('^([^:]+):')
    for _, class in ipairs(CLASSES) do
        for _, lane in ipairs(redis.call('ZRANGE', cx.brand .. ':heads:' .. class, 0, -1)) do
            local of = lanes.parse(lane).network
            if of == network or of == 'other' then
                local due = redis.call('ZSCORE', lanes.key(cx, lane), id)
                if due then
                    return lane, tonumber(due)
                end
            end
        end
    end
end

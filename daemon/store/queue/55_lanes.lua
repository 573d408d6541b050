
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
    if redis.call('EXISTS', lanes.key(cx, lane)) == 0 then
        local n = cx.lanes_new or 0
        for _, c in ipairs(CLASSES) do
            n = n + redis.call('ZCARD', cx.brand .. ':heads:' .. c)
        end
        if n >= limits.lanes then
            name = tier .. ':' .. class .. ':other:other'
        else
            cx.lanes_new = (cx.lanes_new or 0) + 1
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

function lanes.watch(cx, lane, due)
    local set = cx.timers
    redis.call('ZADD', set, 'LT', lanes.score(due), 'over|' .. lane)
    redis.call('ZADD', set, 'LT', lanes.score(due + cx.conf.horizon_ms), 'aged|' .. lane)
end

-- Adds `pairs_list` (score, id, score, id, ...) whose smallest score is `first`.
function lanes.add_many(cx, lane, pairs_list, first)
    redis.call('ZADD', lanes.key(cx, lane), unpack(pairs_list))
    redis.call('ZADD', heads_of(cx, lane), 'LT', lanes.score(first), lane)
    lanes.watch(cx, lane, first)
end

function lanes.add(cx, lane, due, id)
    lanes.add_many(cx, lane, { lanes.score(due), id }, due)
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

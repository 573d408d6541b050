
-- looking ---------------------------------------------------------------------------------------
-- Read-only: a mention with its state, and the queue's figures.

local looking = {}

looking.get_schema = { id = needed(text(limits.id_bytes)), agent = agent(),
    test_now = whole(0, MAX_MS) }
looking.stats_schema = { agent = agent(), test_now = whole(0, MAX_MS) }

do -- a scope of its own

local SHOWN_TEXT = { 'outcome', 'cause', 'by' }
local SHOWN_INT = { 'at', 'wake', 'reposts' }

function looking.get(cx, given)
    local m = mentions.find(cx, given.id)
    if not m then
        fail('NOSUCHMENTION id=' .. given.id)
    end
    local body = redis.call('GET', mentions.key(cx, m.id)) or ''
    local c = cases.read(cx, m.case)
    local holder = cases.holder(cx, c)
    local words = redis.call('HMGET', keys.of(cx, 'r', m.id), 'note', 'reply_url')
    local out = {
        { 'id', json_text(m.id) }, { 'state', json_text(m.state) }, { 'case', json_text(m.case) },
        { 'class', m.class and json_text(m.class) }, { 'lane', m.lane and json_text(m.lane) },
        { 'due_at', m.due and int(math.floor(m.due)) },
        { 'owner', m.state == 'claimed' and holder and json_text(holder)
            or m.state == 'snoozed' and m.owner and json_text(m.owner) },
        { 'lease_until', m.state == 'claimed' and int(c.ends) },
        { 'hint', m.state == 'queued' and c.owner and json_text(c.owner) },
        { 'waits_for', m.own and json_text(m.own) },
        { 'outage', m.s.outage and json_text(m.s.outage) },
        { 'answered_at', c.answered and int(c.answered) },
    }
    for _, name in ipairs(SHOWN_TEXT) do
        local v = m.s[name]
        out[#out + 1] = { name, v and v ~= '' and json_text(v) }
    end
    for _, name in ipairs(SHOWN_INT) do
        out[#out + 1] = { name, m.s[name] }
    end
    out[#out + 1] = { 'note', words[1] and json_text(words[1]) }
    out[#out + 1] = { 'reply_url', words[2] and json_text(words[2]) }
    local used = #body + 4096
    local members = claims.case_json(cx, c, m.id, limits.reply_bytes - used)
    out[#out + 1] = { 'others', json_list(members) }
    out[#out + 1] = { 'mention', body ~= '' and body or 'null' }
    return json_object(out)
end

local function lane_figures(cx, sums)
    local out = {}
    for _, class in ipairs(CLASSES) do
        local heads = redis.call('ZRANGE', cx.brand .. ':heads:' .. class, 0, -1, 'WITHSCORES')
        local n, pressing, overdue = 0, 0, 0
        local half = int(cx.now + math.floor(cx.conf.target[class] / 2))
        for i = 1, #heads, 2 do
            local key = lanes.key(cx, heads[i])
            local waits = redis.call('ZCARD', key)
            local late = redis.call('ZCOUNT', key, '-inf', cx.stamp)
            n, overdue = n + waits, overdue + late
            pressing = pressing + redis.call('ZCOUNT', key, '-inf', half)
            out[#out + 1] = json_object({ { 'lane', json_text(heads[i]) },
                { 'waiting', int(waits) }, { 'overdue', int(late) },
                { 'due_at', int(math.floor(tonumber(heads[i + 1]))) } })
        end
        sums[#sums + 1] = { class, json_object({ { 'waiting', int(n) },
            { 'pressing', int(pressing) }, { 'overdue', int(overdue) },
            { 'due_at', heads[2] and int(math.floor(tonumber(heads[2]))) } }) }
    end
    return out
end

local function mine(cx, name)
    local out = {}
    for _, case in ipairs(redis.call('ZRANGE', keys.of(cx, 'held', name), 0, 99)) do
        local c = cases.read(cx, case)
        if cases.holder(cx, c) == name then
            out[#out + 1] = json_object({ { 'case', json_text(case) },
                { 'since', int(c.since or 0) }, { 'lease_until', int(c.ends) },
                { 'mentions', json_texts(cases.claimed(cx, c, 20)) },
                { 'waiting', int(outages.of_case(case) and outages.left(cx, outages.of_case(case))
                    or waiting.left(cx, c)) } })
        end
    end
    return json_list(out)
end

local function people(cx)
    local out = {}
    local seen = redis.call('ZREVRANGE', keys.of(cx, 'seen'), 0, 199, 'WITHSCORES')
    for i = 1, #seen, 2 do
        out[#out + 1] = json_object({ { 'agent', json_text(seen[i]) },
            { 'seen_at', int(tonumber(seen[i + 1])) },
            { 'holding', int(redis.call('ZCARD', keys.of(cx, 'held', seen[i]))) },
            { 'own', int(redis.call('ZCARD', keys.of(cx, 'own', seen[i]))) } })
    end
    return json_list(out)
end

function looking.stats(cx, given)
    local sums = {}
    local figures = lane_figures(cx, sums)
    local counts, flat = {}, redis.call('HGETALL', keys.of(cx, 'counts'))
    for i = 1, #flat, 2 do
        counts[#counts + 1] = { flat[i], flat[i + 1] }
    end
    table.sort(counts, function(a, b)
        return a[1] < b[1]
    end)
    return json_object({
        { 'now', cx.stamp }, { 'waiting', json_object(sums) }, { 'lanes', json_list(figures) },
        { 'outages', outages.items(cx) },
        { 'agents', people(cx) }, { 'counts', json_object(counts) },
        { 'mine', given.agent and mine(cx, given.agent) },
        { 'events', int(redis.call('XLEN', cx.events)) }, { 'trimmed', json_text(cx.conf.trimmed) },
    })
end

end

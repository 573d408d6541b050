
-- settings --------------------------------------------------------------------------------------
-- KEYS[1] is the brand's settings. A brand without them is an error, not a new brand.

local settings = {}

-- those that the functions change themselves
local MOVING = { 'clock', 'claims', 'trimmed' }

-- name, what it is when nobody set it; the moving ones first
local FIELDS = {
    { 'clock', 0 }, { 'claims', 0 }, { 'trimmed', '' },
    { 'generation' }, { 'cluster', 0 }, { 'test', 0 },
    { 'languages', '' }, { 'queue_none', 'addressed' },
    { 'target_outage_ms', 5 * MINUTE }, { 'target_complaint_ms', 15 * MINUTE },
    { 'target_praise_ms', 4 * HOUR }, { 'target_none_ms', 4 * HOUR },
    { 'lease_ms', 15 * MINUTE }, { 'max_claims', 10 },
    { 'presence_ms', 15 * MINUTE }, { 'give_back_ms', 10 * MINUTE }, { 'own_lead_ms', 5 * MINUTE },
    { 'reopen_window_ms', 72 * HOUR }, { 'undo_ms', 10 * MINUTE }, { 'horizon_ms', 35 * DAY },
    { 'keep_ms', 7 * DAY }, { 'keep_entries', 1000000 },
    { 'retain_resolved_ms', 0 }, { 'retain_dismissed_ms', 0 }, { 'retain_unqueued_ms', 0 },
}

local FIELD_NAMES = {}
for i = 1, #FIELDS do
    FIELD_NAMES[i] = FIELDS[i][1]
end

local function value_of(field, value)
    if not value then
        return field[2]
    end
    return type(field[2]) == 'string' and value or tonumber(value)
end

-- The settings as they were last read from this server, by brand: most calls find them unchanged.
local last_read = {}
local last_read_count = 0

local function unchanged(last, values)
    for i = #MOVING + 1, #FIELDS do
        if last.values[i] ~= values[i] then
            return false
        end
    end
    return true
end

local function read_all(values)
    local conf = {}
    for i, field in ipairs(FIELDS) do
        conf[field[1]] = value_of(field, values[i])
    end
    conf.target = {
        outage = conf.target_outage_ms, complaint = conf.target_complaint_ms,
        praise = conf.target_praise_ms, none = conf.target_none_ms,
    }
    conf.langs = {}
    for lang in conf.languages:gmatch('[^,]+') do
        conf.langs[lang] = true
    end
    return conf
end

function settings.load(cx)
    local values = redis.call('HMGET', cx.brand, unpack(FIELD_NAMES))
    if not values[#MOVING + 1] then
        return nil
    end
    local last = last_read[cx.brand]
    if not last or not unchanged(last, values) then
        if last_read_count >= 256 then
            last_read, last_read_count = {}, 0
        end
        last = { values = values, conf = read_all(values) }
        last_read[cx.brand] = last
        last_read_count = last_read_count + 1
    end
    for i = 1, #MOVING do
        last.conf[MOVING[i]] = value_of(FIELDS[i], values[i])
    end
    return last.conf
end

function settings.role(cx, name)
    return redis.call('HGET', keys.of(cx, 'agents'), name) or 'agent'
end

-- time: the server's, never below the last one used; a test server's clock may be given
local function server_ms()
    local t = redis.call('TIME')
    return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

function settings.set_clock(cx, test_now)
    local now = server_ms()
    if test_now then
        if cx.conf.test ~= 1 then
            fail('BADARG field=test_now wanted: a brand made with "test": true')
        end
        now = test_now
    end
    cx.now = math.max(now, cx.conf.clock)
    cx.stamp = int(cx.now)
    cx.event_id = cx.stamp .. '-*'
end

local DURATION = { 'lease_ms', 'presence_ms', 'give_back_ms', 'own_lead_ms', 'reopen_window_ms',
    'undo_ms', 'horizon_ms', 'keep_ms' }

settings.schema = {
    generation = needed(whole(0, MAX_MS)),
    test = FLAG, test_now = whole(0, MAX_MS), cluster = FLAG,
    languages = list(text(16, { match = '^[a-z0-9-]+$' }), 64),
    queue_none = choice({ 'addressed', 'all', 'never' }),
    targets = map(choice(CLASSES), whole(1000, 30 * DAY), 4),
    max_claims = whole(1, 1000), keep_entries = whole(1000, 100000000),
    agents = map(agent(), choice({ 'agent', 'lead', 'ops' }), 1000),
    retention = map(choice({ 'resolved', 'dismissed', 'unqueued' }), whole(0, 3650 * DAY), 3),
    req = text(64),
}
for i = 1, #DURATION do
    settings.schema[DURATION[i]] = whole(1000, 3650 * DAY)
end

local function settings_given(given)
    local out = { 'generation', int(given.generation) }
    local function put(name, value)
        out[#out + 1] = name
        out[#out + 1] = value
    end
    for _, name in ipairs(DURATION) do
        if given[name] then
            put(name, int(given[name]))
        end
    end
    for class, ms in pairs(given.targets or {}) do
        put('target_' .. class .. '_ms', int(ms))
    end
    for state, ms in pairs(given.retention or {}) do
        put('retain_' .. state .. '_ms', int(ms))
    end
    if given.languages then
        put('languages', table.concat(given.languages, ','))
    end
    for _, name in ipairs({ 'queue_none', 'max_claims', 'keep_entries' }) do
        if given[name] then
            put(name, given[name])
        end
    end
    if given.cluster ~= nil then
        put('cluster', args.truth(given.cluster) and 1 or 0)
    end
    return out
end

-- What the functions made themselves stays over a new generation; all else is written anew.
local KEPT = { 'test', 'clock', 'claims', 'trimmed' }

local function last_event_ms(cx)
    local last = redis.call('XREVRANGE', keys.of(cx, 'events'), '+', '-', 'COUNT', 1)
    return last[1] and tonumber(last[1][1]:match('^(%d+)')) or 0
end

-- A brand made with "test" takes its clock from its callers: the mark is set when the brand is
-- made and never later, so no caller can turn time in a brand that people work on.
function settings.configure(cx, given)
    local old = cx.conf
    if not old then
        cx.conf = { test = args.truth(given.test) and 1 or 0, clock = last_event_ms(cx) }
    elseif args.truth(given.test) and old.test ~= 1 then
        fail('BADARG field=test wanted: a brand that does not exist yet')
    end
    settings.set_clock(cx, given.test_now)
    if old and given.generation < old.generation then
        return json_object({ { 'applied', 'false' }, { 'config', '"differs"' },
            { 'generation', int(old.generation) } })
    end
    local kept = { 'test', cx.conf.test, 'clock', cx.stamp }
    if old then
        local values = redis.call('HMGET', cx.brand, unpack(KEPT))
        kept = {}
        for i, name in ipairs(KEPT) do
            if values[i] then
                kept[#kept + 1] = name
                kept[#kept + 1] = values[i]
            end
        end
    end
    redis.call('DEL', cx.brand, keys.of(cx, 'agents'))
    redis.call('HSET', cx.brand, unpack(kept))
    redis.call('HSET', cx.brand, unpack(settings_given(given)))
    for name, role in pairs(given.agents or {}) do
        redis.call('HSET', keys.of(cx, 'agents'), name, role)
    end
    redis.call('ZADD', keys.of(cx, 'timers'), 'NX', int(cx.now + limits.trim_every_ms), 'trim|')
    return json_object({ { 'applied', 'true' }, { 'generation', int(given.generation) } })
end


-- erasing ---------------------------------------------------------------------------------------
-- What its network deleted is erased here too, and what its author edited is judged anew. Of an erased mention
-- its id stays, empty, so that it does not come in again; its events hold no text and no names.

local erasing = {}

do -- a scope of its own: Lua has room for 200 names in a file

erasing.erase_schema = {
    source = text(128, { match = '^[A-Za-z0-9._-]+$' }), lease = text(160, { match = LEASE }), agent = agent(),
    ids = needed(list(text(limits.id_bytes), 100)), req = text(64), test_now = whole(0, MAX_MS),
}
erasing.edit_schema = {
    source = needed(text(128, { match = '^[A-Za-z0-9._-]+$' })), lease = needed(text(160, { match = LEASE })),
    id = needed(text(limits.id_bytes)), edited_at = needed(whole(1, MAX_MS)), class = needed(choice(CLASSES)),
    lang = text(35), item = needed(text(limits.mention_bytes, { free = true })), own = FLAG,
    req = text(64), test_now = whole(0, MAX_MS),
}

local function must_lease(cx, given)
    local lease = redis.call('HGET', keys.of(cx, 'source', given.source), 'lease')
    if lease ~= given.lease then
        fail('STALE lease=' .. (lease and lease:match('^(%d+):') or 'none'))
    end
end

local function must_be_allowed(cx, given)
    local by = args.one_of(given, 'lease', 'agent')
    if not by then
        fail('BADARG field=lease missing')
    end
    if by == 'lease' then
        if not given.source then
            fail('BADARG field=source missing')
        end
        must_lease(cx, given)
    elseif settings.role(cx, given.agent) ~= 'lead' then
        fail('NOTOWNER owner=lead')
    end
end

-- Out of wherever it waits or is held.
local function take_out(cx, c, m)
    if m.state == 'claimed' then
        redis.call('ZREM', keys.of(cx, 'cc', c.case), m.id)
        events.count(cx, 'now_claimed', -1)
    elseif m.state == 'queued' then
        waiting.leave(cx, m)
    elseif m.state == 'snoozed' then
        redis.call('ZREM', cx.timers, 'wake|' .. m.id)
        events.count(cx, 'now_snoozed', -1)
    end
    redis.call('ZREM', keys.of(cx, 'cm', c.case), m.id)
    redis.call('ZREM', cx.timers, 'keep|' .. m.id, 'late|' .. m.id, 'back|' .. m.id)
end

local function leave_outage(cx, m)
    local id = m.s.outage
    if not id then
        return
    end
    redis.call('ZREM', keys.of(cx, 'outage', id .. ':members'), m.id)
    redis.call('LREM', keys.of(cx, 'outage', id .. ':joining'), 0, m.id)
    local record = keys.of(cx, 'outage', id)
    local examples = redis.call('HGET', record, 'examples')
    local left = {}
    for _, name in ipairs(examples and cjson.decode(examples) or {}) do
        if name ~= m.id then
            left[#left + 1] = name
        end
    end
    if examples then
        redis.call('HSET', record, 'examples', json_texts(left))
    end
end

-- The names that led to it; while others are in the case they need them to find each other.
local function forget_names(cx, c, m, body)
    local native = body:match('"native":"([^"\\]+)"')
    if redis.call('EXISTS', keys.of(cx, 'cm', c.case)) == 0 then
        redis.call('DEL', keys.of(cx, 'link', m.id))
        if native then
            redis.call('DEL', keys.of(cx, 'link', m.id:match('^[^:]+:') .. 'native:' .. native))
        end
    end
    local author = mentions.author_key(cx, body)
    if author then
        redis.call('ZREM', author, m.id)
    end
end

local function blank(cx, m)
    local key = mentions.key(cx, m.id)
    local at = tonumber(redis.call('PEXPIRETIME', key))
    if at <= 0 then
        at = math.max(tonumber(m.s.created_at or cx.now) + cx.conf.horizon_ms + DAY, cx.now + DAY)
    end
    redis.call('SET', key, '', 'PXAT', int(at))
    redis.call('DEL', keys.of(cx, 's', m.id), keys.of(cx, 'r', m.id))
end

-- A case without members needs no record.
local function forget_empty(cx, c)
    if redis.call('EXISTS', keys.of(cx, 'cm', c.case), keys.of(cx, 'cc', c.case), keys.of(cx, 'cw', c.case),
        keys.of(cx, 'co', c.case)) == 0 then
        redis.call('ZREM', cx.timers, 'lease|' .. c.case)
        redis.call('DEL', keys.of(cx, 'c', c.case), keys.of(cx, 'link', c.case))
    end
end

local function erase_one(cx, id, by)
    local m = mentions.find(cx, id)
    if not m or m.state == 'erased' then
        return 0
    end
    local c = cases.read(cx, m.case)
    local holder, was = cases.holder(cx, c), m.state
    local body = redis.call('GET', mentions.key(cx, id)) or ''
    take_out(cx, c, m)
    leave_outage(cx, m)
    forget_names(cx, c, m, body)
    blank(cx, m)
    acts.settle(cx, c)
    forget_empty(cx, c)
    events.tell(cx, 'erased', m, by, { 'state', was, 'owner', holder or '' })
    return 1
end

function erasing.erase(cx, given)
    must_be_allowed(cx, given)
    local n = 0
    for _, id in ipairs(given.ids) do
        n = n + erase_one(cx, id, given.agent or 'network')
    end
    return json_object({ { 'erased', int(n) } })
end

-- The time of the edit that is stored already. No text can hold these quotes unescaped.
local function edited_at(body)
    return tonumber(body:match('"edited_at":(%d+)') or 0)
end

local MOVABLE = { queued = true, claimed = true, snoozed = true }

function erasing.edit(cx, given)
    must_lease(cx, given)
    local item = given.item
    if item:byte(1) ~= 123 or item:byte(-1) ~= 125 then
        fail('BADARG field=item wanted: one JSON object')
    end
    local m = mentions.find(cx, given.id)
    local body = m and redis.call('GET', mentions.key(cx, m.id)) or ''
    if body == '' or edited_at(body) >= given.edited_at then
        return json_object({ { 'edited', 'false' } })
    end
    local c = cases.read(cx, m.case)
    local was = m.class or 'none'
    redis.call('SET', mentions.key(cx, m.id), item, 'KEEPTTL')
    local queue_it = m.state == 'unqueued' and given.class ~= 'none' and not args.truth(given.own)
    if was ~= given.class and (MOVABLE[m.state] or queue_it) then
        acts.change_class(cx, given, m, c)
    end
    events.tell(cx, 'edited', m, 'network', { 'from', was, 'state', m.state,
        'owner', cases.holder(cx, c) or '' })
    return json_object({ { 'edited', 'true' }, { 'state', json_text(m.state) } })
end

end

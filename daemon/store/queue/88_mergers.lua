
-- ingest: cases -----------------------------------------------------------------------------------
-- The case of a mention, and two cases that turn out to be one.

-- mergers

function timers.join_members(cx, older, younger, n)
    local c = cases.read(cx, older)
    local cw, cm = keys.of(cx, 'cw', younger), keys.of(cx, 'cm', younger)
    local waits = redis.call('ZPOPMIN', cw, n)
    for i = 1, #waits, 2 do
        redis.call('ZADD', keys.of(cx, 'cw', older), waits[i + 1], waits[i])
    end
    local members = redis.call('ZPOPMIN', cm, n)
    for i = 1, #members, 2 do
        redis.call('ZADD', keys.of(cx, 'cm', older), members[i + 1], members[i])
    end
    local holder = cases.holder(cx, c)
    if holder then
        waiting.gather(cx, c, holder)
    end
    if redis.call('EXISTS', cw, cm) > 0 then
        redis.call('ZADD', cx.timers, cx.stamp, 'join|' .. younger)
    end
end

-- The younger case was held and the older is not: the older takes its owner, lease and claims over.
local function take_over(cx, older, younger)
    for _, id in ipairs(cases.claimed(cx, younger)) do
        redis.call('HSET', keys.of(cx, 's', id), 'case', older.case)
        redis.call('ZADD', keys.of(cx, 'cc', older.case), cx.stamp, id)
    end
    redis.call('DEL', keys.of(cx, 'cc', younger.case))
    local left = younger.ends - cx.now
    local owner, lease = younger.owner, younger.lease
    cases.unlease(cx, younger, true)
    older.lease = lease
    cases.lease(cx, older, owner, lease)
    if left < lease then
        older.ends = cx.now + left
        cases.write(cx, older, 'until', int(older.ends))
        redis.call('ZADD', keys.of(cx, 'held', owner), int(older.ends), older.case)
        redis.call('ZADD', cx.timers, int(cases.warn_at(older)), 'lease|' .. older.case)
    end
end

local function move_own(cx, older, younger)
    local set = keys.of(cx, 'co', younger.case)
    for _, member in ipairs(redis.call('ZRANGE', set, 0, limits.case_step - 1)) do
        local m = mentions.find(cx, (cases.split(member)))
        waiting.leave(cx, m)
        redis.call('ZREM', set, member)
        m.case = older.case
        local owner = waiting.first_right(cx, older)
        if owner then
            waiting.to_own(cx, older, m, owner)
        else
            waiting.to_lane(cx, older, m)
        end
    end
end

-- Two cases turn out to be one. Held by two agents, each keeps what is claimed.
local function merge(cx, b, first, second, e)
    local older, younger = first, second
    if born(cx, b, second) < born(cx, b, first) then
        older, younger = second, first
    end
    lanes.flush(cx, b)
    local young = make_case(cx, b, younger, e)
    local old = make_case(cx, b, older, e)
    expect(cx, b, younger)
    set_link(cx, b, younger, older)
    local young_holder, old_holder = cases.holder(cx, young), cases.holder(cx, old)
    if young_holder and (not old_holder or old_holder == young_holder) then
        take_over(cx, old, young)
    end
    if not (young_holder and old_holder and young_holder ~= old_holder) then
        move_own(cx, old, young)
    end
    timers.join_members(cx, older, younger, limits.case_step)
    b.cases[older], b.cases[younger] = nil, nil
    events.count(cx, 'case.merged')
    events.append(cx, 'type', 'case.merged', 'id', e.id, 'case', older, 'from', younger,
        'owner', old_holder or young_holder or '', 'other', old_holder and young_holder or '')
    return older
end

-- the case of a mention: protocol, section 5

local function add_candidate(list_, case)
    for _, have in ipairs(list_) do
        if have == case then
            return
        end
    end
    list_[#list_ + 1] = case
end

-- Answers the case, and whether the conversation's root is by the brand.
local function choose_case(cx, b, e)
    local up = known_case(cx, b, e.reply_name)
    local base = e.conv_name or e.reply_name
    local found = {}
    local native = native_name(e)
    local self = b.links[e.id] and known_case(cx, b, e.id)
        or native and b.links[native] and known_case(cx, b, native)
    if self then
        add_candidate(found, self)
    end
    if e.root_own and base then
        return person_case(base, e), true
    end
    for _, case in ipairs({ up or false, known_case(cx, b, e.conv_name) or false }) do
        if case then
            local c = case_record(cx, b, case)
            if c.rooted == '1' then
                return person_case(c.conv, e), true
            end
            if is_full(cx, c, e) then
                return person_case(case, e), false
            end
            add_candidate(found, case)
        end
    end
    if #found == 0 and e.own_parent and base then
        return person_case(base, e), true
    end
    local case = found[1]
    for i = 2, #found do
        case = merge(cx, b, case, found[i], e)
    end
    return case or e.conv_name or e.id, false
end

-- A case's name is bounded like an id: what is longer is told apart by its hash.
local function bounded(case)
    if #case <= 2 * limits.id_bytes then
        return case
    end
    return case:sub(1, limits.id_bytes) .. '|' .. redis.sha1hex(case)
end

local function link_all(cx, b, e, case, rooted)
    if case ~= e.id then
        set_link(cx, b, e.id, case)
        set_link(cx, b, native_name(e), case)
    end
    local personal = rooted or case:find('|', 1, true)
    if e.reply_name and not e.own_parent and not personal
        and not b.links[e.reply_name] and e.reply_name ~= case then
        expect(cx, b, e.reply_name)
        set_link(cx, b, e.reply_name, case)
    end
    if e.conv_name and e.conv_name ~= case and not personal and not b.links[e.conv_name] then
        expect(cx, b, e.conv_name)
        set_link(cx, b, e.conv_name, case)
    end
end

-- Adds the mention to its case's members; a case of one stays without keys.
local function join(cx, b, e, case, rooted)
    if case == e.id and not b.links[e.id] and not case_record(cx, b, case).born then
        return nil
    end
    local c = make_case(cx, b, case, e, rooted)
    local key = keys.of(cx, 'c', case)
    if redis.call('HSETNX', key, author_field(e), 1) == 1 then
        redis.call('HINCRBY', key, 'authors', 1)
    end
    local expires = int(cx.now + cx.conf.horizon_ms + DAY)
    redis.call('ZADD', keys.of(cx, 'cm', case), int(e.created), e.id)
    redis.call('PEXPIREAT', keys.of(cx, 'cm', case), expires)
    redis.call('PEXPIREAT', key, expires)
    return c
end

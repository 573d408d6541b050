
-- ingest ----------------------------------------------------------------------------------------
-- A batch of mentions with the cursor it stands for, in one step.

local ingest = {}

local SOURCE = '^[A-Za-z0-9._-]+$'

ingest.source_schema = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    req = text(64), test_now = whole(0, MAX_MS),
}

ingest.refuse_schema = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    id = text(limits.id_bytes), reason = needed(text(256)),
    item = text(limits.mention_bytes, { free = true }), req = text(64),
    test_now = whole(0, MAX_MS),
}

local HEADER = {
    source = needed(text(128, { match = SOURCE })), lease = needed(text(160, { match = LEASE })),
    seq = needed(whole(1, MAX_MS)), cursor = needed(text(limits.cursor_bytes, { free = true })),
    fetched_at = needed(whole(0, MAX_MS)), no_horizon = FLAG, test_now = whole(0, MAX_MS),
    m = needed({ kind = 'list', max = limits.batch, item = { kind = 'object' } }),
}

function kinds.object(v)
    if type(v) ~= 'table' then
        return 'an object'
    end
end

local function name_of(max)
    return text(max, { free = true })
end

local MENTION = {
    id = needed(text(limits.id_bytes)), native = name_of(limits.id_bytes),
    network = needed(name_of(32)), lang = name_of(35),
    class = needed(choice(CLASSES)), score = whole(-MAX_MS, MAX_MS),
    created_at = needed(whole(0, MAX_MS)),
    conversation = name_of(limits.id_bytes), in_reply_to = name_of(limits.id_bytes),
    author = name_of(limits.id_bytes), repost_of = name_of(limits.id_bytes),
    followers = whole(0, MAX_MS), age_days = whole(0, 100000), place = name_of(256),
    topics = list(name_of(256), 16), signals = list(name_of(64), 16),
    words = list(whole(0, 4294967295), 24),
    own = FLAG, own_parent = FLAG, root_own = FLAG, addressed = FLAG, backfill = FLAG,
}

local REQUIRED = { 'id', 'network', 'class', 'created_at' }

-- Asking the table for each field costs as much as storing the mention. For the fields that nearly all
-- mentions have this compares instead: another type raises an error, what is in doubt answers false. Then
-- the table is asked, and says which field it was.
-- (One long condition, not small functions: a call costs more than what it would ask.)
local function usual_fit(e)
    local max = limits.id_bytes
    local id, network, at = e.id, e.network, e.created_at
    if not (#id <= max and not id:find('%c') and network > '' and #network <= 32
        and MENTION.class.of[e.class] and at % 1 == 0 and at >= 0 and at <= MAX_MS) then
        return false
    end
    local lang, author, native, place = e.lang, e.author, e.native, e.place
    if not ((lang == nil or (lang > '' and #lang <= 35))
        and (author == nil or (author > '' and #author <= max))
        and (native == nil or (native > '' and #native <= max))
        and (place == nil or (place > '' and #place <= 256))) then
        return false
    end
    local conv, reply, repost = e.conversation, e.in_reply_to, e.repost_of
    if not ((conv == nil or (conv > '' and #conv <= max))
        and (reply == nil or (reply > '' and #reply <= max))
        and (repost == nil or (repost > '' and #repost <= max))) then
        return false
    end
    local followers, age, score = e.followers, e.age_days, e.score
    return (followers == nil or (followers % 1 == 0 and followers >= 0 and followers <= MAX_MS))
        and (age == nil or (age % 1 == 0 and age >= 0 and age <= 100000))
        and (score == nil or (score % 1 == 0 and score >= 0 and score <= MAX_MS))
        and (e.own == nil or e.own == 1) and (e.own_parent == nil or e.own_parent == 1)
        and (e.root_own == nil or e.root_own == 1) and (e.addressed == nil or e.addressed == 1)
        and (e.backfill == nil or e.backfill == 1)
end

local LISTS = { 'topics', 'signals', 'words' }

local function all_usual(entries)
    for i = 1, #entries do
        local e = entries[i]
        if not usual_fit(e) then
            return false
        end
        for j = 1, #LISTS do
            local v = e[LISTS[j]]
            if v ~= nil and kinds.list(v, MENTION[LISTS[j]]) then
                return false
            end
        end
    end
    return true
end

local function check_fields(e, at)
    local prefix = 'mention=' .. at .. ' '
    for _, name in ipairs(REQUIRED) do
        if e[name] == nil then
            fail('BADARG ' .. prefix .. 'field=' .. name .. ' missing')
        end
    end
    args.check_known(e, MENTION, prefix)
end

local function check_mention(e, body, at, networks)
    local id, network = e.id, e.network
    if not networks[network] then
        if not network:find('^[a-z0-9_]+$') then
            fail('BADARG mention=' .. at .. ' field=network wanted: the form [a-z0-9_]+')
        end
        networks[network] = true
    end
    if id:byte(#network + 1) ~= 58 or id:find(network, 1, true) ~= 1 or #id == #network + 1 then
        fail('BADARG mention=' .. at .. ' field=id wanted: the network and ":" first')
    end
    if #body > limits.mention_bytes or body:byte(1) ~= 123 or body:byte(-1) ~= 125 then
        fail('BADARG mention=' .. at .. ' field=json wanted: one JSON object of at most '
            .. limits.mention_bytes .. ' bytes')
    end
end

local function check_batch(header, bodies)
    args.check(header, HEADER)
    if #bodies ~= #header.m then
        fail('BADARG field=m wanted: one for each mention given')
    end
    local bytes, networks = 0, {}
    local ok, usual = pcall(all_usual, header.m)
    for i, e in ipairs(header.m) do
        if not (ok and usual) then
            check_fields(e, i - 1)
        end
        check_mention(e, bodies[i], i - 1, networks)
        bytes = bytes + #bodies[i]
    end
    if bytes > limits.batch_bytes then
        fail('BADARG field=m wanted: at most 1 MiB')
    end
end

-- sources: the lease that may write, and what is stored

local function source_key(cx, name)
    return keys.of(cx, 'source', name)
end

-- The account's lease lives in another slot; its holder brings it here once. From then on a batch
-- must name exactly this lease.
function ingest.open(cx, given)
    local key = source_key(cx, given.source)
    local stored = redis.call('HMGET', key, 'lease', 'seq', 'cursor')
    local function counter(lease)
        return tonumber(lease:match('^(%d+):'))
    end
    if stored[1] and counter(given.lease) < counter(stored[1]) then
        fail('STALE lease=' .. stored[1]:match('^(%d+):'))
    end
    redis.call('HSET', key, 'lease', given.lease)
    return json_object({ { 'seq', stored[2] or '0' }, { 'cursor', json_text(stored[3] or '') } })
end

local function must_lease(cx, given)
    local stored = redis.call('HMGET', source_key(cx, given.source), 'lease', 'seq', 'reply')
    if stored[1] ~= given.lease then
        fail('STALE lease=' .. (stored[1] and stored[1]:match('^(%d+):') or 'none'))
    end
    return tonumber(stored[2] or 0), stored[3]
end

-- A mention that cannot be stored is set aside with the reason, so it never stops its source.
function ingest.refuse(cx, given)
    must_lease(cx, given)
    local set_aside = keys.of(cx, 'refused')
    redis.call('LPUSH', set_aside, json_object({ { 'source', json_text(given.source) },
        { 'id', given.id and json_text(given.id) }, { 'reason', json_text(given.reason) },
        { 'at', cx.stamp }, { 'item', given.item and json_text(given.item) } }))
    redis.call('LTRIM', set_aside, 0, limits.refused - 1)
    events.count(cx, 'mention.refused')
    events.append(cx, 'type', 'mention.refused', 'id', given.id or '', 'source', given.source,
        'reason', given.reason)
    return json_object({ { 'refused', int(redis.call('LLEN', set_aside)) } })
end

-- links: what the batch's ids, parents and conversations are known as

local function alias_of(e, name)
    return e.network .. ':' .. name
end

-- Asks for all link names at once; what the batch itself links later is written over it.
local function load_links(cx, entries)
    local names, n = {}, 0
    for i = 1, #entries do
        local e = entries[i]
        n = n + 1
        names[n] = e.id
        if e.in_reply_to then
            e.reply_name = alias_of(e, e.in_reply_to)
            n = n + 1
            names[n] = e.reply_name
        end
        if e.conversation then
            e.conv_name = alias_of(e, e.conversation)
            if e.conv_name == e.id then
                e.conv_name = nil
            else
                n = n + 1
                names[n] = e.conv_name
            end
        end
        if e.native then
            e.native_name = alias_of(e, 'native:' .. e.native)
            n = n + 1
            names[n] = e.native_name
        end
    end
    local links = {}
    local prefix = cx.brand .. ':link:'
    for at = 1, n, 200 do
        local page, last = {}, math.min(at + 199, n)
        for i = at, last do
            page[i - at + 1] = prefix .. names[i]
        end
        local found = redis.call('MGET', unpack(page))
        for i = at, last do
            local to = found[i - at + 1]
            if to then
                links[names[i]] = to
            end
        end
    end
    return links
end

-- natives: a network whose replies name their parent by the instance's own id, not by the id that is
-- the same everywhere. Lists of "native id", by the last three characters, cost a third of a key each;
-- what is older than two weeks is not answered by that name any more.
local WEEK = 7 * DAY

local function native_key(cx, name, week)
    return keys.of(cx, 'n', week .. ':' .. name:sub(-3))
end

local function native_keep(cx, b, e)
    local key = native_key(cx, e.native_name, math.floor(cx.now / WEEK))
    redis.call('RPUSH', key, e.native .. ' ' .. e.id)
    if not b.natives[key] then
        b.natives[key] = true
        redis.call('PEXPIRE', key, int(3 * WEEK), 'NX')
    end
end

local function native_find(cx, name)
    local native = name:match(':native:(.*)$')
    if not native then
        return nil
    end
    local week = math.floor(cx.now / WEEK)
    for back = 0, 1 do
        local key = native_key(cx, name, week - back)
        local found = redis.call('LRANGE', key, -limits.members, -1)
        for i = #found, 1, -1 do
            if found[i]:sub(1, #native + 1) == native .. ' ' then
                return found[i]:sub(#native + 2)
            end
        end
    end
end

-- The case that a name belongs to; nil when nobody has heard of it.
local function known_case(cx, b, name)
    if not name then
        return nil
    end
    local to = b.links[name]
    if to then
        local case = b.links[to] and b.links[to] ~= to and b.links[to] or to
        return (cases.follow(cx, case))
    end
    if redis.call('EXISTS', mentions.key(cx, name), keys.of(cx, 'c', name)) > 0 then
        return name
    end
    local id = native_find(cx, name)
    if id then
        return b.links[id] or (cases.follow(cx, id))
    end
end

local function set_link(cx, b, name, case)
    if name and name ~= case and b.links[name] ~= case then
        b.links[name] = case
        cases.link(cx, name, case)
    end
end

-- cases of a batch, read once

local function case_record(cx, b, case)
    local c = b.cases[case]
    if not c then
        c = cases.read(cx, case)
        b.cases[case] = c
    end
    return c
end

local function author_field(e)
    return 'a:' .. redis.sha1hex(e.author or ''):sub(1, 12)
end

local function is_full(cx, c, e)
    local key = keys.of(cx, 'c', c.case)
    if not c.born or redis.call('HEXISTS', key, author_field(e)) == 1 then
        return false
    end
    return tonumber(redis.call('HGET', key, 'authors') or 0) >= limits.case_authors
end

local function person_case(base, e)
    return base .. '|' .. (e.author or e.id)
end

-- The smaller of two cases' beginnings; a mention that stood alone began when it was created.
local function born(cx, b, case)
    local c = case_record(cx, b, case)
    if c.born then
        return c.born
    end
    local at = tonumber(redis.call('PEXPIRETIME', mentions.key(cx, case)))
    return at > 0 and at - cx.conf.horizon_ms - DAY or cx.now
end

local function place_of(cx, b, id)
    local placed = b.placed[id]
    if placed then
        return placed.lane, placed.due
    end
    local m = mentions.find(cx, id)
    if m and m.state == 'queued' and not m.own then
        return m.lane, m.due
    end
end

-- From its second mention on a case has keys. The mention that it is named after is its first member,
-- by an author that only its JSON knows.
local function make_case(cx, b, case, e, rooted)
    local c = case_record(cx, b, case)
    if c.born then
        return c
    end
    c.born = born(cx, b, case)
    cases.write(cx, c, 'born', int(c.born), 'conv', e.conv_name or e.reply_name or case,
        'rooted', rooted and 1 or 0)
    c.rooted, c.conv = rooted and '1' or '0', e.conv_name or e.reply_name or case
    if redis.call('EXISTS', mentions.key(cx, case)) == 1 then
        redis.call('HSET', keys.of(cx, 'c', case), 'authors', 1)
        redis.call('ZADD', keys.of(cx, 'cm', case), int(c.born), case)
        local lane, due = place_of(cx, b, case)
        if lane then
            redis.call('ZADD', keys.of(cx, 'cw', case), lanes.score(due), lane .. '|' .. case)
        end
    end
    return c
end

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
    local self = b.links[e.id] and known_case(cx, b, e.id)
        or e.native_name and b.links[e.native_name] and known_case(cx, b, e.native_name)
    if self then
        add_candidate(found, self)
    end
    if args.truth(e.root_own) and base then
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
    if #found == 0 and args.truth(e.own_parent) and base then
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
        set_link(cx, b, e.native_name, case)
    end
    local personal = rooted or case:find('|', 1, true)
    if e.reply_name and not args.truth(e.own_parent) and not personal
        and not b.links[e.reply_name] and e.reply_name ~= case then
        set_link(cx, b, e.reply_name, case)
    end
    if e.conv_name and e.conv_name ~= case and not personal and not b.links[e.conv_name] then
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

-- due time and lane

local function due_of(cx, header, e)
    local goal = cx.conf.target[e.class]
    if args.truth(e.backfill) then
        return header.fetched_at + goal
    end
    local factor = 1
    if e.followers and e.followers > 0 then
        factor = math.min(4, 1 + math.log10(1 + e.followers) / 4)
    end
    return math.floor(math.max(e.created, header.fetched_at - goal) + goal / factor)
end

local function is_queued(cx, e)
    if args.truth(e.own) or e.repost_of then
        return false
    end
    if e.class ~= 'none' then
        return true
    end
    local policy = cx.conf.queue_none
    return policy == 'all' or (policy == 'addressed' and args.truth(e.addressed))
end

-- A batch is mostly of one network and tier: only class and language are looked up.
local function lane_of(cx, b, tier, e)
    if b.lane_network ~= e.network or b.lane_tier ~= tier then
        b.lane_network, b.lane_tier = e.network, tier
        b.lane_names = { outage = {}, complaint = {}, praise = {}, none = {} }
    end
    local names, lang = b.lane_names[e.class], e.lang or 'und'
    local name = names[lang]
    if not name then
        name = lanes.name(cx, tier, e.class, lang, e.network)
        names[lang] = name
    end
    return name
end

-- Lanes get their new members at the end of the batch, one command each; whatever looks into a lane
-- before that flushes them first.
function lanes.flush(cx, b)
    for lane, waits in pairs(b.pending) do
        local first = math.huge
        for i = 1, #waits, 2 do
            first = math.min(first, tonumber(waits[i]))
        end
        lanes.add_many(cx, lane, waits, first)
    end
    b.pending = {}
end

local function overdue_at_once(cx, b, e, lane, due)
    local mark = b.marks[lane]
    if mark == nil then
        mark = tonumber(redis.call('HGET', keys.of(cx, 'marks'), 'over|' .. lane) or 0)
        b.marks[lane] = mark
    end
    if due <= mark then
        b.overdue[#b.overdue + 1] = { id = e.id, case = e.id, class = e.class, due = due, s = {} }
    end
end

local function queue_lane(cx, b, e, c)
    local score = lanes.score(e.due)
    local waits = b.pending[e.lane]
    if not waits then
        waits = {}
        b.pending[e.lane] = waits
    end
    waits[#waits + 1] = score
    waits[#waits + 1] = e.id
    if c then
        redis.call('ZADD', keys.of(cx, 'cw', c.case), score, e.lane .. '|' .. e.id)
        b.placed[e.id] = { lane = e.lane, due = e.due }
    elseif b.linked then
        b.placed[e.id] = { lane = e.lane, due = e.due }
    end
    overdue_at_once(cx, b, e, e.lane, e.due)
end

-- Where a queued mention goes: answered already, its owner's set, or its lane.
local function queue(cx, b, e, c)
    if not c then
        queue_lane(cx, b, e)
        return
    end
    local m = { id = e.id, case = c.case, class = e.class, lane = e.lane, due = e.due, s = {} }
    if c.answered and c.answered >= e.created then
        acts.finish(cx, c, m, 'resolved', 'network', { 'outcome', 'answered', 'cause', '' },
            'answered', { 'state', 'resolved', 'reply', '' })
        return
    end
    local owner = cases.owner(cx, c)
    if c.ended and c.ends == 0 and owner then
        b.reopened[#b.reopened + 1] = { m = m, owner = owner }
        redis.call('HDEL', keys.of(cx, 'c', c.case), 'ended')
        c.ended = nil
    end
    local right = waiting.first_right(cx, c)
    if right then
        waiting.to_own(cx, c, m, right)
    else
        queue_lane(cx, b, e, c)
    end
end

-- what the brand itself did

local function own_post(cx, b, e)
    local case = known_case(cx, b, e.reply_name)
    if not case and e.reply_name and not args.truth(e.own_parent) then
        -- the reply was seen before what it answers
        case = e.reply_name
        b.links[case] = case
        cases.link(cx, case, case)
    end
    if case then
        set_link(cx, b, e.id, case)
        set_link(cx, b, e.native_name, case)
        b.answers[#b.answers + 1] = { case = case, at = e.created, id = e.id }
    end
end

local function repost(cx, e)
    local of = alias_of(e, e.repost_of)
    local expires = tonumber(redis.call('PEXPIRETIME', mentions.key(cx, of)))
    if expires ~= -2 then
        redis.call('HINCRBY', keys.of(cx, 's', of), 'reposts', 1)
        if expires > 0 then
            redis.call('PEXPIREAT', keys.of(cx, 's', of), int(expires))
        end
    end
    events.count(cx, 'reposts')
end

-- one mention

local function joined(items)
    return items and table.concat(items, ',') or ''
end

-- "%d,%d,%d" for each length of list, made when first needed
local INTS = {}

local function joined_ints(items)
    if not items or #items == 0 then
        return ''
    end
    local form = INTS[#items]
    if not form then
        form = ('%d,'):rep(#items):sub(1, -2)
        INTS[#items] = form
    end
    return form:format(unpack(items))
end

local function heard(cx, header, e, state)
    events.append(cx, 'type', 'mention.heard', 'id', e.id, 'class', e.class, 'state', state,
        'signals', joined(e.signals), 'topics', joined(e.topics), 'place', e.place or '',
        'created_at', int(e.created), 'fetched_at', header.fetched, 'author', e.author or '',
        'followers', e.followers and int(e.followers) or '',
        'age_days', e.age_days and int(e.age_days) or '',
        'repost_of', e.repost_of or '', 'backfill', args.truth(e.backfill) and '1' or '',
        'network', e.network, 'lang', e.lang or '', 'words', joined_ints(e.words))
end

local function expiry(cx, e)
    local span = cx.conf.horizon_ms + DAY
    if e.created < cx.now - cx.conf.horizon_ms then
        return cx.now + span
    end
    return e.created + span
end

local function is_linked(b, e)
    return e.reply_name or e.conv_name or b.links[e.id]
        or e.native_name and b.links[e.native_name]
end

local function route(cx, b, header, e, at)
    local queued = is_queued(cx, e)
    local c
    if args.truth(e.own) then
        own_post(cx, b, e)
    elseif e.repost_of then
        repost(cx, e)
    elseif is_linked(b, e) then
        local case, rooted = choose_case(cx, b, e)
        case = bounded(case)
        link_all(cx, b, e, case, rooted)
        c = join(cx, b, e, case, rooted)
    end
    if e.native_name and not e.own and not e.repost_of then
        native_keep(cx, b, e)
    end
    heard(cx, header, e, queued and 'queued' or 'unqueued')
    b.classes[e.class] = (b.classes[e.class] or 0) + 1
    if queued then
        b.queued = b.queued + 1
        e.due = due_of(cx, header, e) + (header.seq % 10 * limits.batch + at) / 1000
        e.lane = lane_of(cx, b, c and c.tier or '0', e)
        queue(cx, b, e, c)
    else
        b.unqueued = b.unqueued + 1
        local keep = cx.conf.retain_unqueued_ms
        if keep > 0 and keep < cx.conf.horizon_ms then
            redis.call('ZADD', cx.timers, int(cx.now + keep), 'keep|' .. e.id)
        end
    end
end

local function take_in(cx, b, header, e, body, at)
    e.created = e.created_at
    if e.created > header.fetched_at + MINUTE then
        e.created = header.fetched_at
    end
    if not args.truth(header.no_horizon) and not args.truth(e.backfill)
        and e.created < cx.now - cx.conf.horizon_ms then
        b.old = b.old + 1
        return
    end
    local set = redis.call('SET', b.prefix .. e.id, body, 'PXAT', int(expiry(cx, e)), 'NX')
    if not set then
        b.known = b.known + 1
        return
    end
    b.new = b.new + 1
    route(cx, b, header, e, at)
end

local function new_batch(cx, header)
    local b = { new = 0, known = 0, old = 0, queued = 0, unqueued = 0, classes = {},
        prefix = cx.brand .. ':m:', links = load_links(cx, header.m), cases = {}, placed = {},
        pending = {}, marks = {}, overdue = {}, answers = {}, reopened = {}, natives = {} }
    for _, e in ipairs(header.m) do
        b.linked = b.linked or e.reply_name or e.conv_name
    end
    return b
end

-- What needs the lanes as they are after the batch.
local function after_batch(cx, b)
    lanes.flush(cx, b)
    for _, m in ipairs(b.overdue) do
        waiting.overdue(cx, m)
    end
    for _, r in ipairs(b.reopened) do
        mentions.tell(cx, 'reopened', r.m, 'customer', { 'owner', r.owner })
    end
    local room = limits.members - limits.batch
    for _, a in ipairs(b.answers) do
        if room > 0 then
            room = room - acts.answered(cx, cases.follow(cx, a.case), a.at, a.id,
                math.min(room, limits.case_step))
        else
            cases.write(cx, { case = a.case }, 'answered', int(a.at))
            redis.call('ZADD', cx.timers, cx.stamp, 'answer|' .. a.case)
        end
    end
end

function ingest.run(cx, header, bodies)
    check_batch(header, bodies)
    local seq, last_reply = must_lease(cx, header)
    if header.seq == seq and last_reply then
        return last_reply
    end
    if header.seq ~= seq + 1 then
        fail('STALE seq=' .. int(seq))
    end
    header.fetched = int(header.fetched_at)
    local b = new_batch(cx, header)
    for i, e in ipairs(header.m) do
        take_in(cx, b, header, e, bodies[i], i - 1)
    end
    after_batch(cx, b)
    for class, n in pairs(b.classes) do
        events.count(cx, 'heard_' .. class, n)
    end
    for _, name in ipairs({ 'new', 'known', 'old', 'queued', 'unqueued' }) do
        events.count(cx, name, b[name])
    end
    local reply = json_object({ { 'seq', int(header.seq) }, { 'new', int(b.new) },
        { 'known', int(b.known) }, { 'old', int(b.old) }, { 'queued', int(b.queued) },
        { 'unqueued', int(b.unqueued) } })
    redis.call('HSET', source_key(cx, header.source), 'seq', int(header.seq),
        'cursor', header.cursor, 'reply', reply, 'at', cx.stamp)
    return reply
end


-- ingest: routing ---------------------------------------------------------------------------------
-- Where each mention of a batch goes.

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

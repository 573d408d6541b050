
-- ingest: routing ---------------------------------------------------------------------------------
-- Where each mention of a batch goes.

-- due time and lane

local function due_of(cx, header, e)
    local goal = cx.conf.target[e.class]
    if e.backfill then
        return header.fetched_at + goal
    end
    local from, earliest = e.created, header.fetched_at - goal
    local due = (from > earliest and from or earliest) + goal
    local followers = e.followers
    if followers ~= '0' and followers and followers ~= '' then
        local factor = 1 + math.log10(1 + followers) / 4
        due = due - goal + goal / (factor < 4 and factor or 4)
    end
    return due - due % 1
end

local function is_queued(cx, e)
    if e.own or e.repost_of then
        return false
    end
    if e.class ~= 'none' then
        return true
    end
    local policy = cx.conf.queue_none
    return policy == 'all' or (policy == 'addressed' and e.addressed)
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

-- What came into a lane later than the walk along it: overdue at once.
local function note_overdue(b, lane, waits, mark)
    if waits.first > mark then
        return
    end
    local class = lanes.parse(lane).class
    for i = 1, #waits.pairs, 2 do
        local id, due = waits.pairs[i + 1], tonumber(waits.pairs[i])
        if due <= mark then
            b.overdue[#b.overdue + 1] = { id = id, case = id, class = class, due = due, s = {} }
        end
    end
end

-- Lanes get their new members at the end of the batch, one command each; whatever looks into a lane
-- before that flushes them first.
function lanes.flush(cx, b)
    local names = {}
    for lane in pairs(b.pending) do
        names[#names + 1] = lane
    end
    if #names == 0 then
        return
    end
    lanes.add_many(cx, b.pending)
    local fields = {}
    for i, lane in ipairs(names) do
        fields[i] = 'over|' .. lane
    end
    local marks = redis.call('HMGET', keys.of(cx, 'marks'), unpack(fields))
    for i, lane in ipairs(names) do
        if marks[i] then
            note_overdue(b, lane, b.pending[lane], tonumber(marks[i]))
        end
    end
    b.pending = {}
end

local function queue_lane(b, id, lane, due, score)
    local waits = b.pending[lane]
    if not waits then
        waits = { first = due, pairs = {}, n = 0 }
        b.pending[lane] = waits
    elseif due < waits.first then
        waits.first = due
    end
    local members, n = waits.pairs, waits.n
    members[n + 1], members[n + 2] = score, id
    waits.n = n + 2
    if b.linked then
        b.placed[id] = { lane = lane, due = due }
    end
end

-- Where a mention of a case goes: answered already, its owner's set, or its lane.
local function queue_in_case(cx, b, e, c, lane, due, score)
    local m = { id = e.id, case = c.case, class = e.class, lane = lane, due = due, s = {} }
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
        b.linked = true
        redis.call('ZADD', keys.of(cx, 'cw', c.case), score, lane .. '|' .. e.id)
        queue_lane(b, e.id, lane, due, score)
    end
end

-- what the brand itself did

local function own_post(cx, b, e)
    local case = known_case(cx, b, e.reply_name)
    if not case and e.reply_name and not e.own_parent then
        -- the reply was seen before what it answers
        case = e.reply_name
        b.links[case] = case
        expect(cx, b, case)
        cases.link(cx, case, case)
    end
    if case then
        set_link(cx, b, e.id, case)
        set_link(cx, b, native_name(e), case)
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

-- of an outage, for the detector
local function says(e)
    return e.down and 'down' or e.repeats and 'repeats' or e.back and 'back' or ''
end

local function heard(cx, header, e, state)
    events.append(cx, 'type', 'mention.heard', 'id', e.id, 'class', e.class, 'state', state,
        'signals', e.signals, 'topics', e.topics, 'place', e.place or '',
        'created_at', e.created_text, 'fetched_at', header.fetched, 'author', e.author or '',
        'followers', e.followers or '', 'age_days', e.age_days or '',
        'repost_of', e.repost_of or '', 'backfill', e.backfill and '1' or '',
        'network', e.network, 'lang', e.lang or '', 'words', e.words, 'says', says(e))
end

local function route(cx, b, header, e, at)
    local queued = is_queued(cx, e)
    local c
    if e.own then
        own_post(cx, b, e)
    elseif e.repost_of then
        repost(cx, e)
    elseif e.reply_name or e.conv_name or is_expected(b, e) then
        local case, rooted = choose_case(cx, b, e)
        case = bounded(case)
        link_all(cx, b, e, case, rooted)
        c = join(cx, b, e, case, rooted)
    end
    if e.native and not e.own and not e.repost_of then
        natives.keep(cx, b, e)
    end
    heard(cx, header, e, queued and 'queued' or 'unqueued')
    b.classes[e.class] = (b.classes[e.class] or 0) + 1
    if queued then
        b.queued = b.queued + 1
        local ms, below = due_of(cx, header, e), header.seq % 10 * limits.batch + at
        local due, score = ms + below / 1000, ms_text(ms, below)
        local lane = lane_of(cx, b, c and c.tier or '0', e)
        if c then
            queue_in_case(cx, b, e, c, lane, due, score)
        else
            queue_lane(b, e.id, lane, due, score)
        end
    else
        b.unqueued = b.unqueued + 1
        local keep = cx.conf.retain_unqueued_ms
        if keep > 0 and keep < cx.conf.horizon_ms then
            redis.call('ZADD', cx.timers, int(cx.now + keep), 'keep|' .. e.id)
        end
    end
end

local function take_in(cx, b, header, e, body, at)
    if e.created > header.fetched_at + MINUTE then
        e.created = header.fetched_at
        e.created_text = header.fetched
    end
    e.created_text = e.created_text or int(e.created)
    local expires = e.created + b.span
    if e.created < b.horizon then
        if b.has_horizon and not e.backfill then
            b.old = b.old + 1
            return
        end
        expires = cx.now + b.span
    end
    local set = redis.call('SET', b.prefix .. e.id, body, 'PXAT', ms_text(expires), 'NX')
    if not set then
        b.known = b.known + 1
        return
    end
    b.new = b.new + 1
    route(cx, b, header, e, at)
end

local function new_batch(cx, header)
    local early = load_early(cx, header.m)
    local b = { new = 0, known = 0, old = 0, queued = 0, unqueued = 0, classes = {},
        prefix = cx.brand .. ':m:', early = early, has_horizon = not args.truth(header.no_horizon),
        horizon = cx.now - cx.conf.horizon_ms, span = cx.conf.horizon_ms + DAY,
        links = load_links(cx, header.m, early), cases = {}, placed = {},
        pending = {}, overdue = {}, answers = {}, reopened = {} }
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

function ingest.run(cx, header, values)
    local first = check_batch(header, values)
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
        take_in(cx, b, header, e, values[first + i - 1], i - 1)
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

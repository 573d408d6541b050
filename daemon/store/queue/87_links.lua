
-- ingest: links -----------------------------------------------------------------------------------
-- By which names a batch's mentions know each other and what is stored.

-- links: what the batch's ids, parents and conversations are known as

local function alias_of(e, name)
    return e.network .. ':' .. name
end

-- Replies mostly come after what they answer. The others leave the name they wait for in `early:<span>`, a
-- set for each span in which ids are remembered: one question tells which of a batch's mentions somebody waits
-- for, and only those look for a link of their own. Of a native name the instance's own form is kept: it needs
-- no making.
local function early_name(name)
    return name:match('^[^:]+:native:(.*)$') or name
end

local function early_key(cx, back)
    local span = cx.conf.horizon_ms + DAY
    return keys.of(cx, 'early', int(math.floor(cx.now / span) - back)), span
end

local function expect(cx, b, name)
    name = early_name(name)
    if not b.early[name] then
        b.early[name] = true
        local key, span = early_key(cx, 0)
        if redis.call('SADD', key, name) == 1 and redis.call('SCARD', key) == 1 then
            redis.call('PEXPIRE', key, int(2 * span))
        end
    end
end

local function load_early(cx, entries)
    local names, n = {}, 0
    for i = 1, #entries do
        local e = entries[i]
        n = n + 1
        names[n] = e.id
        if e.native then
            n = n + 1
            names[n] = e.native
        end
    end
    local early = {}
    for back = 0, n > 0 and 1 or -1 do
        local key = early_key(cx, back)
        if redis.call('EXISTS', key) == 1 then
            for i, found in ipairs(redis.call('SMISMEMBER', key, unpack(names))) do
                if found == 1 then
                    early[names[i]] = true
                end
            end
        end
    end
    return early
end

-- Asks for all link names at once; what the batch itself links later is written over it.
local function load_links(cx, entries, early)
    local names, n = {}, 0
    for i = 1, #entries do
        local e = entries[i]
        if early[e.id] then
            n = n + 1
            names[n] = e.id
        end
        if e.native and early[e.native] then
            n = n + 1
            names[n] = alias_of(e, 'native:' .. e.native)
        end
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
-- what is older than two weeks is not answered by that name any more. Of the id is kept what the native
-- name does not say: without its network, "\\2" for the instance's own address, "\1" for the native number.
local natives = {}

do

local WEEK = 7 * DAY

local function parts_of(native)
    return native:match('^(.*/)(.*)$')
end

local function key_of(cx, native, week)
    return cx.brand .. ':n:' .. week .. ':' .. (native:match('^(.*)/') or '') .. ':' .. native:sub(-3)
end

local function short_of(e, own, number)
    local id, from, to, mark = e.id, #e.network + 2, -1, ''
    if own ~= '' and id:sub(from, from + #own - 1) == own then
        from, mark = from + #own, '\2'
    end
    if number ~= '' and id:sub(-#number) == number then
        return number .. ' ' .. mark .. id:sub(from, -#number - 1) .. '\1'
    end
    return number .. ' ' .. mark .. id:sub(from)
end

local function long_of(network, host, number, id)
    if id:byte(-1) == 1 then
        id = id:sub(1, -2) .. number
    end
    if id:byte(1) == 2 then
        id = 'https://' .. host .. id:sub(2)
    end
    return network .. ':' .. id
end

-- A batch is mostly of one host: what its lists and its ids begin with is made once.
local function begin_of(cx, b, native)
    local host, number = parts_of(native)
    host, number = host or '', number or native
    local key = key_of(cx, native, math.floor(cx.now / WEEK))
    b.host = { name = host, own = host ~= '' and 'https://' .. host or '',
        key = key:sub(1, -#native:sub(-3) - 1) }
    return number
end

function natives.keep(cx, b, e)
    local native, host = e.native, b.host
    local length = host and #host.name or 0
    local number
    if length > 0 and native:sub(1, length) == host.name and not native:find('/', length + 1, true) then
        number = native:sub(length + 1)
    else
        number = begin_of(cx, b, native)
        host = b.host
    end
    local key = host.key .. native:sub(-3)
    if redis.call('RPUSH', key, short_of(e, host.own, number)) == 1 then
        redis.call('PEXPIRE', key, int(3 * WEEK))
    end
end

function natives.find(cx, name)
    local network, native = name:match('^([^:]+):native:(.*)$')
    if not native then
        return nil
    end
    local host, number = parts_of(native)
    local wanted = (number or native) .. ' '
    local week = math.floor(cx.now / WEEK)
    for back = 0, 1 do
        local found = redis.call('LRANGE', key_of(cx, native, week - back), -limits.members, -1)
        for i = #found, 1, -1 do
            if found[i]:sub(1, #wanted) == wanted then
                return long_of(network, host or '', number or native, found[i]:sub(#wanted + 1))
            end
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
    local id = natives.find(cx, name)
    if id then
        return b.links[id] or (cases.follow(cx, id))
    end
end

local function native_name(e)
    return e.native and alias_of(e, 'native:' .. e.native)
end

-- Somebody waits for it, by its id or by its native name.
local function is_expected(b, e)
    return b.early[e.id] or e.native and b.early[e.native]
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

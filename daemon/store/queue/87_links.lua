
-- ingest: links -----------------------------------------------------------------------------------
-- By which names a batch's mentions know each other and what is stored.

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

local function short_of(e, host, number)
    local id = e.id:sub(#e.network + 2)
    local own = 'https://' .. host
    if host ~= '' and id:sub(1, #own) == own then
        id = '\2' .. id:sub(#own + 1)
    end
    if number ~= '' and id:sub(-#number) == number then
        id = id:sub(1, -#number - 1) .. '\1'
    end
    return number .. ' ' .. id
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

function natives.keep(cx, e)
    local host, number = parts_of(e.native)
    local key = key_of(cx, e.native, math.floor(cx.now / WEEK))
    if redis.call('RPUSH', key, short_of(e, host or '', number or e.native)) == 1 then
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


-- readers ---------------------------------------------------------------------------------------
-- The stream is cut behind its slowest registered reader, with a floor and a ceiling.

local readers = {}

readers.schema = {
    name = needed(text(64, { match = AGENT })), position = text(41, { match = '^%d+%-?%d*$' }),
    remove = FLAG, req = text(64), test_now = whole(0, MAX_MS),
}

do -- a scope of its own

local function parts(id)
    local ms, n = id:match('^(%d+)%-?(%d*)$')
    return tonumber(ms), tonumber(n) or 0
end

local function before(a, b)
    local a_ms, a_n = parts(a)
    local b_ms, b_n = parts(b)
    return a_ms < b_ms or (a_ms == b_ms and a_n < b_n)
end

readers.before = before

function readers.commit(cx, given)
    local by = args.one_of(given, 'position', 'remove')
    if not by then
        fail('BADARG field=position missing')
    end
    local key = keys.of(cx, 'readers')
    if by == 'remove' then
        redis.call('HDEL', key, given.name)
    else
        redis.call('HSET', key, given.name, given.position)
    end
    return json_object({ { 'name', json_text(given.name) },
        { 'position', given.position and json_text(given.position) },
        { 'trimmed', json_text(cx.conf.trimmed) } })
end

-- Where the stream may be cut: at the slowest reader, but not within the last 2 h and not later
-- than keep_ms.
local function cut_at(cx)
    local floor = int(math.max(0, cx.now - limits.trim_floor_ms))
    local cut
    for _, position in ipairs(redis.call('HVALS', keys.of(cx, 'readers'))) do
        if not cut or before(position, cut) then
            cut = position
        end
    end
    local kept = int(math.max(0, cx.now - cx.conf.keep_ms))
    if not cut or before(cut, kept) then
        cut = kept
    end
    return before(floor, cut) and floor or cut
end

-- In steps, so that no call takes long. Answers how many went.
function timers.trim(cx)
    local stream = cx.events
    local gone = redis.call('XTRIM', stream, 'MINID', '~', cut_at(cx), 'LIMIT', limits.trim_step)
    if redis.call('XLEN', stream) > cx.conf.keep_entries then
        gone = gone + redis.call('XTRIM', stream, 'MAXLEN', '~', int(cx.conf.keep_entries),
            'LIMIT', limits.trim_step)
    end
    if gone == 0 then
        return 0
    end
    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    cx.conf.trimmed = first and first[1] or cx.stamp .. '-0'
    redis.call('HSET', cx.brand, 'trimmed', cx.conf.trimmed)
    return gone
end

end

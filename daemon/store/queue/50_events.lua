
-- events ----------------------------------------------------------------------------------------
-- One stream a brand, one entry a transition. Fields always come in the same order: Redis then
-- stores their names once for each block of entries.

local events = {}

-- The entry's id carries the time of the step. Somebody's own XADD may have moved the stream past
-- it; then Redis numbers the entry, because nothing after the first write may fail.
function events.append(cx, ...)
    local made = redis.pcall('XADD', cx.events, cx.event_id, ...)
    if type(made) == 'table' then
        redis.pcall('XADD', cx.events, '*', ...)
    end
end

function events.count(cx, name, by)
    cx.tally[name] = (cx.tally[name] or 0) + (by or 1)
end

-- A transition of one mention: `more` holds further name and value pairs.
function events.tell(cx, kind, m, by, more)
    events.count(cx, kind)
    events.append(cx, 'type', kind, 'id', m.id, 'case', m.case or m.id, 'class', m.class or '',
        'by', by or '', unpack(more or {}))
end

-- Figures come from here, never from counting mentions.
function events.flush(cx)
    local counts = keys.of(cx, 'counts')
    for name, by in pairs(cx.tally) do
        if by ~= 0 then
            redis.call('HINCRBY', counts, name, by)
        end
    end
    cx.tally = {}
end

#!lua name=mentiond_1
-- The queue of mentiond as a Redis Functions library. docs/queue.md is its reference.
--
-- One file by Redis' nature, kept in parts that the build concatenates in the order of their
-- numbers. Each part owns one idea and one table: keys, args, settings, events, lanes, cases,
-- mentions, waiting, claims, acts, outages (five parts), timers, ingest (four parts), readers, accounts,
-- looking; the last one registers the functions. A part uses only the tables of the parts before it, but for
-- `timers`, `claims` and `outages`, which are declared here because time and people both end a claim, and
-- because what waits may wait in an outage.
--
-- While a library is loaded Redis lends it nothing but the language and `redis`: no ipairs, no
-- table.concat. What runs at load time (the schemas, the registering) does without.
--
-- The rule above all others: check, then write. Lua does not roll back, so nothing is written before
-- all that may be refused has been looked at, and nothing after the first write may fail.

local VERSION = '1.1'

local SECOND = 1000
local MINUTE = 60 * SECOND
local HOUR = 60 * MINUTE
local DAY = 24 * HOUR

local limits = {
    batch = 100,              -- mentions in one ingest
    batch_bytes = 1048576,
    mention_bytes = 32768,
    id_bytes = 512,
    cursor_bytes = 8192,
    lanes = 512,
    lanes_asked = 64,         -- lanes that a filter may name one by one
    case_authors = 20,        -- more people than that are not one conversation any more
    case_step = 100,          -- members of a case moved in one go, the rest by tick
    members = 1000,           -- members that one call may touch
    reply_bytes = 60000,      -- what a claim's context may fill of its 64 KiB
    context_mentions = 20,
    author_mentions = 10,
    tick_steps = 100,
    claim_steps = 10,         -- steps of time that a claim makes before it chooses
    own_looked = 10000,       -- of an agent's own set, for a filter
    links = 8,                -- aliases followed from one name
    remembered = 16,          -- replies kept for each agent
    remembered_ms = HOUR,
    refused = 1000,
    trim_step = 1000,
    trim_every_ms = MINUTE,
    trim_floor_ms = 2 * HOUR, -- readers may always be this late
}

local CLASSES = { 'outage', 'complaint', 'praise', 'none' }

local timers = {}
local claims = {}
local outages = {}

local function fail(word)
    error({ err = word })
end

-- Numbers are whole and may be larger than what Lua writes without an exponent.
local function int(n)
    return string.format('%d', n)
end

-- The same for a point in time, with thousandths of a millisecond when they are given: put together from three
-- digits at a time, at a third of what the general way costs.
local ms_text

do

local groups, millions, n_millions = {}, {}, 0

local function group(n)
    local text = string.format('%03d', n)
    groups[n] = text
    return text
end

local function million(n)
    if n_millions >= 4096 then
        millions, n_millions = {}, 0
    end
    local text = int(n)
    millions[n], n_millions = text, n_millions + 1
    return text
end

function ms_text(ms, thousandths)
    local low = ms % 1000
    local rest = (ms - low) / 1000
    local middle = rest % 1000
    local high = (rest - middle) / 1000
    local first = millions[high] or million(high)
    middle, low = groups[middle] or group(middle), groups[low] or group(low)
    if thousandths then
        return first .. middle .. low .. '.' .. (groups[thousandths] or group(thousandths))
    end
    return first .. middle .. low
end

end

-- cjson writes "\/" for each slash, and ids are full of them.
local function json_text(s)
    local text = cjson.encode(s)
    if text:find('/', 1, true) then
        text = text:gsub('\\/', '/')
    end
    return text
end

-- An object from {name, JSON text} pairs, in their order; a pair without a text is left out.
local function json_object(pairs_list)
    local out = {}
    for _, pair in ipairs(pairs_list) do
        if pair[2] then
            out[#out + 1] = '"' .. pair[1] .. '":' .. pair[2]
        end
    end
    return '{' .. table.concat(out, ',') .. '}'
end

-- cjson writes an empty list as {}: lists are joined by hand.
local function json_list(items)
    return '[' .. table.concat(items, ',') .. ']'
end

local function json_texts(strings)
    local out = {}
    for i, s in ipairs(strings) do
        out[i] = json_text(s)
    end
    return json_list(out)
end

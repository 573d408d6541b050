
-- args ------------------------------------------------------------------------------------------
-- What a function takes is a table: field -> rule. A rule has a kind and its bounds.

local args = {}

local MAX_MS = 9007199254740991

local kinds = {}

function kinds.text(v, rule)
    if type(v) ~= 'string' then
        return 'a string'
    end
    if #v < (rule.min or 1) or #v > rule.max then
        return (rule.min or 1) .. ' to ' .. rule.max .. ' bytes'
    end
    if not rule.free and v:find('%c') then
        return 'no control characters'
    end
    if rule.match and not v:find(rule.match) then
        return 'the form ' .. rule.match
    end
end

function kinds.int(v, rule)
    if type(v) ~= 'number' or v ~= math.floor(v) then
        return 'a whole number'
    end
    if v < rule.min or v > rule.max then
        return int(rule.min) .. ' to ' .. int(rule.max)
    end
end

function kinds.flag(v)
    if type(v) ~= 'boolean' and v ~= 1 and v ~= 0 then
        return 'true or false'
    end
end

function kinds.choice(v, rule)
    if type(v) ~= 'string' or not rule.of[v] then
        return 'one of ' .. rule.names
    end
end

function kinds.list(v, rule)
    if type(v) ~= 'table' then
        return 'a list'
    end
    local n = 0
    for _ in pairs(v) do
        n = n + 1
    end
    if n ~= #v then
        return 'a list'
    end
    if n > rule.max then
        return 'at most ' .. rule.max .. ' items'
    end
    for _, item in ipairs(v) do
        local wanted = kinds[rule.item.kind](item, rule.item)
        if wanted then
            return 'items of ' .. wanted
        end
    end
end

function kinds.map(v, rule)
    if type(v) ~= 'table' then
        return 'an object'
    end
    local n = 0
    for name, item in pairs(v) do
        n = n + 1
        if n > rule.max then
            return 'at most ' .. rule.max .. ' entries'
        end
        local wanted = kinds[rule.key.kind](name, rule.key)
            or kinds[rule.item.kind](item, rule.item)
        if wanted then
            return 'entries of ' .. wanted
        end
    end
end

local function text(max, more)
    local rule = more or {}
    rule.kind, rule.max = 'text', max
    return rule
end

local function whole(min, max, more)
    local rule = more or {}
    rule.kind, rule.min, rule.max = 'int', min, max
    return rule
end

local function choice(names, more)
    local rule = more or {}
    rule.kind, rule.of, rule.names = 'choice', {}, names[1]
    for i = 1, #names do
        rule.of[names[i]] = true
        rule.names = i > 1 and rule.names .. ' ' .. names[i] or names[i]
    end
    return rule
end

local function list(item, max)
    return { kind = 'list', item = item, max = max }
end

local function map(key_rule, item, max)
    return { kind = 'map', key = key_rule, item = item, max = max }
end

local function needed(rule)
    rule.required = true
    return rule
end

local FLAG = { kind = 'flag' }
local AGENT = '^[A-Za-z0-9._@-]+$'
local LEASE = '^[0-9]+:[0-9A-Za-z_-]+$'

local function agent(more)
    local rule = text(64, more)
    rule.match = AGENT
    return rule
end

-- Every field of `given` is known and right and none is missing, or BADARG says which. A field that
-- nobody knows is refused too: {"clases": ["outage"]} must not claim everything.
function args.check(given, schema, prefix)
    prefix = prefix or ''
    for name, value in pairs(given) do
        local rule = schema[name]
        local wanted
        if not rule then
            wanted = 'unknown field'
        else
            wanted = kinds[rule.kind](value, rule)
        end
        if wanted then
            local shown = tostring(name):gsub('[^%w_.-]', '?'):sub(1, 64)
            fail('BADARG ' .. prefix .. 'field=' .. shown .. ' wanted: ' .. wanted)
        end
    end
    for name, rule in pairs(schema) do
        if rule.required and given[name] == nil then
            fail('BADARG ' .. prefix .. 'field=' .. name .. ' missing')
        end
    end
end

-- The same for a batch's mentions, where unknown fields are left alone: a newer daemon may say more.
function args.check_known(given, schema, prefix)
    for name, value in pairs(given) do
        local rule = schema[name]
        local wanted = rule and kinds[rule.kind](value, rule)
        if wanted then
            fail('BADARG ' .. prefix .. 'field=' .. name .. ' wanted: ' .. wanted)
        end
    end
end

function args.decode(raw)
    if type(raw) ~= 'string' or #raw > limits.batch_bytes then
        fail('BADARG field=json wanted: one JSON object')
    end
    if not raw:find('^%s*{') then
        fail('BADARG field=json wanted: one JSON object')
    end
    local ok, value = pcall(cjson.decode, raw)
    if not ok or type(value) ~= 'table' then
        fail('BADARG field=json wanted: one JSON object')
    end
    return value
end

function args.one_of(given, ...)
    local found
    for _, name in ipairs({ ... }) do
        if given[name] ~= nil and given[name] ~= false then
            if found then
                fail('BADARG field=' .. name .. ' wanted: not beside ' .. found)
            end
            found = name
        end
    end
    return found
end

function args.truth(v)
    return v == true or v == 1
end

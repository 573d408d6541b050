
-- keys ------------------------------------------------------------------------------------------
-- All keys of a brand begin with KEYS[1], so a brand is one slot of a Cluster.

local keys = {}

function keys.of(cx, kind, name)
    if name then
        return cx.brand .. ':' .. kind .. ':' .. name
    end
    return cx.brand .. ':' .. kind
end

-- KEYS[2] never exists. It makes a Cluster answer TRYAGAIN while the slot moves, instead of
-- running a function on half a brand.
function keys.check(names, wanted)
    local brand = names[1]
    local name = brand and brand:match(wanted)
    if not name or #name > 64 then
        fail('BADARG field=keys the first key is <namespace>:{<name>}')
    end
    if #names > 2 or (names[2] and names[2] ~= brand .. ':-') then
        fail('BADARG field=keys the second key is the first and ":-"')
    end
    return brand
end

keys.BRAND = '^[^{}]+:{([a-z0-9_-]+)}$'
keys.ACCOUNT = '^[^{}]+:{@([A-Za-z0-9._@-]+)}$'

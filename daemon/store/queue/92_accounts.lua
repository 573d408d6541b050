
-- accounts --------------------------------------------------------------------------------------
-- KEYS[1] is an account, <ns>:{@<name>}: who may use it now, its login session, and what it
-- has spent.

local accounts = {}

do -- a scope of its own

accounts.take_schema = {
    daemon = needed(text(128, { match = '^[A-Za-z0-9._:@-]+$' })),
    nonce = needed(text(64, { min = 8, match = '^[0-9A-Za-z_-]+$' })),
    ttl_ms = needed(whole(100, HOUR)),
}
accounts.renew_schema = {
    lease = needed(text(160, { match = LEASE })), ttl_ms = needed(whole(100, HOUR)),
}
accounts.drop_schema = { lease = needed(text(160, { match = LEASE })) }
accounts.session_schema = {
    lease = needed(text(160, { match = LEASE })),
    session = needed(text(8192, { min = 0, free = true })),
}
accounts.spent_schema = {
    lease = needed(text(160, { match = LEASE })),
    spent = needed(text(8192, { min = 0, free = true })),
}
accounts.alerts_schema = {
    lease = needed(text(160, { match = LEASE })),
    state = needed(text(2097152, { min = 0, free = true })),
}
accounts.empty_schema = {}

-- The counter stays when a lease ends, so the next one is larger; the nonce tells apart two leases
-- of the same counter, which a failover can bring about.
local function read_lease(cx)
    local v = redis.call('HMGET', keys.of(cx, 'lease'), 'counter', 'nonce', 'daemon', 'until',
        'clock')
    cx.now = math.max(server_ms(), tonumber(v[5] or 0))
    local l = { counter = tonumber(v[1] or 0), nonce = v[2] or '', daemon = v[3] or '',
        ends = tonumber(v[4] or 0) }
    l.name = int(l.counter) .. ':' .. l.nonce
    l.held = l.ends > cx.now
    return l
end

local function write_lease(cx, l)
    redis.call('HSET', keys.of(cx, 'lease'), 'counter', int(l.counter), 'nonce', l.nonce,
        'daemon', l.daemon, 'until', int(l.ends), 'clock', int(cx.now))
end

function accounts.take(cx, given)
    local l = read_lease(cx)
    local same = l.daemon == given.daemon and l.nonce == given.nonce
    if l.held and not same then
        fail('HELD by=' .. l.daemon .. ' ms=' .. int(l.ends - cx.now))
    end
    if not (l.held and same) then
        l.counter = l.counter + 1
    end
    l.daemon, l.nonce, l.ends = given.daemon, given.nonce, cx.now + given.ttl_ms
    write_lease(cx, l)
    return int(l.counter) .. ':' .. l.nonce
end

local function must_hold_lease(cx, given)
    local l = read_lease(cx)
    if l.name ~= given.lease or not l.held then
        fail('STALE lease=' .. int(l.counter))
    end
    return l
end

function accounts.renew(cx, given)
    local l = must_hold_lease(cx, given)
    l.ends = cx.now + given.ttl_ms
    write_lease(cx, l)
    return l.name
end

function accounts.drop(cx, given)
    local l = must_hold_lease(cx, given)
    l.ends = 0
    write_lease(cx, l)
    return 'OK'
end

function accounts.session_set(cx, given)
    must_hold_lease(cx, given)
    redis.call('SET', keys.of(cx, 'session'), given.session)
    return 'OK'
end

function accounts.session_get(cx)
    return redis.call('GET', keys.of(cx, 'session'))
end

-- What a daemon says of itself: to a full Redis too, unlike a plain XADD.
local OPS_KEPT = 10000

accounts.say_schema = {
    type = needed(text(64, { match = '^[a-z._]+$' })), fields = list(text(1024, { min = 0, free = true }), 16),
}

function accounts.say(cx, given)
    local fields = given.fields or {}
    if #fields % 2 == 1 then
        fail('BADARG field=fields wanted: names and values')
    end
    return redis.call('XADD', cx.events, 'MAXLEN', '~', OPS_KEPT, '*', 'type', given.type, unpack(fields))
end

function accounts.spent_set(cx, given)
    must_hold_lease(cx, given)
    redis.call('SET', keys.of(cx, 'spent'), given.spent)
    return 'OK'
end

function accounts.spent_get(cx)
    return redis.call('GET', keys.of(cx, 'spent'))
end

-- What is still to be told of the daemons' own events, with the position in their stream.
function accounts.alerts_set(cx, given)
    must_hold_lease(cx, given)
    redis.call('SET', keys.of(cx, 'alerts'), given.state)
    return 'OK'
end

function accounts.alerts_get(cx)
    return redis.call('GET', keys.of(cx, 'alerts'))
end

end

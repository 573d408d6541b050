
-- register --------------------------------------------------------------------------------------
-- What all functions share: keys, settings, time, presence, the repeated request, the counters.

local function context(names, pattern)
    local cx = { brand = keys.check(names, pattern), tally = {} }
    cx.events = cx.brand .. ':events'
    cx.timers = cx.brand .. ':timers'
    return cx
end

local function brand_context(names)
    local cx = context(names, keys.BRAND)
    cx.conf = settings.load(cx)
    if cx.conf and cx.conf.cluster == 1 and not names[2] then
        fail('BADARG field=keys a cluster needs the second key too')
    end
    return cx
end

local function need_brand(cx)
    if not cx.conf then
        fail('NOBRAND ' .. cx.brand .. ' has no settings: is the name right?')
    end
end

-- Errors thrown by fail() and by Redis' commands begin with a word in capitals and become the reply;
-- anything else is a fault of this library. Redis' pcall hands over the text of an error table.
local function guarded(run)
    return function(names, values)
        local ok, reply = pcall(run, names, values)
        if ok then
            return reply
        end
        local word = type(reply) == 'table' and reply.err or reply
        if type(word) == 'string' and word:find('^%u+%f[^%u]') then
            return redis.error_reply(word)
        end
        error(reply, 0)
    end
end

local function one_object(values, schema)
    if #values > 1 then
        fail('BADARG field=json wanted: one JSON object')
    end
    local given = values[1] and args.decode(values[1]) or {}
    args.check(given, schema)
    return given
end

-- The same request gives the same reply and changes nothing: the last 16 of an agent, for an hour.
local function request_key(cx, who, req)
    return keys.of(cx, 'req', who .. '|' .. req)
end

local function remembered(cx, name, who, req)
    local stored = redis.call('GET', request_key(cx, who, req))
    if not stored then
        return nil
    end
    local of, reply = stored:match('^(%S+) (.*)$')
    if of ~= name then
        fail('BADARG field=req wanted: not used for ' .. of .. ' before')
    end
    return reply
end

local function remember(cx, name, who, req, reply)
    local order = keys.of(cx, 'asked', who)
    redis.call('SET', request_key(cx, who, req), name .. ' ' .. reply, 'PX', limits.remembered_ms)
    local n = redis.call('RPUSH', order, req)
    if n == 1 then
        -- with the list go only names: the replies have an end of their own
        redis.call('PEXPIRE', order, limits.remembered_ms)
    elseif n > limits.remembered then
        redis.call('DEL', request_key(cx, who, redis.call('LPOP', order)))
    end
end

local function done(cx)
    events.flush(cx)
    if cx.now > cx.conf.clock then
        redis.call('HSET', cx.brand, 'clock', cx.stamp)
    end
end

local function changing(name, schema, run, may_be_new)
    return guarded(function(names, values)
        local cx = brand_context(names)
        local given = one_object(values, schema)
        if not may_be_new then
            need_brand(cx)
            settings.set_clock(cx, given.test_now)
        end
        local who = given.agent or given.name or given.source or '-'
        local again = given.req and remembered(cx, name, who, given.req)
        if again then
            return again
        end
        local reply = run(cx, given)
        if given.agent then
            redis.call('ZADD', keys.of(cx, 'seen'), cx.stamp, given.agent)
        end
        if given.req and reply then
            remember(cx, name, who, given.req, reply)
        end
        done(cx)
        return reply
    end)
end

local function reading(schema, run)
    return guarded(function(names, values)
        local cx = brand_context(names)
        local given = one_object(values, schema)
        need_brand(cx)
        settings.set_clock(cx, given.test_now)
        return run(cx, given)
    end)
end

local function of_account(schema, run)
    return guarded(function(names, values)
        return run(context(names, keys.ACCOUNT), one_object(values, schema))
    end)
end

-- A JSON header and what belongs to it as further arguments. It says itself when it is a repeat.
local function with_values(run)
    return guarded(function(names, values)
        local cx = brand_context(names)
        local header = args.decode(values[1])
        need_brand(cx)
        local test_now = header.test_now
        if test_now ~= nil and kinds.int(test_now, { min = 0, max = MAX_MS }) then
            fail('BADARG field=test_now wanted: a whole number')
        end
        settings.set_clock(cx, test_now)
        local reply = run(cx, header, values)
        done(cx)
        return reply
    end)
end

local function register(name, callback, ...)
    redis.register_function({ function_name = name, callback = callback, flags = { ... } })
end

local function register_changing(name, schema, run, may_be_new)
    register(name, changing(name, schema, run, may_be_new), 'allow-oom')
end

register('library_version', function()
    return VERSION
end, 'no-writes')

register_changing('brand_configure', settings.schema, settings.configure, true)
register('mention_ingest', with_values(ingest.run))
register_changing('source_open', ingest.source_schema, ingest.open)
register_changing('mention_refuse', ingest.refuse_schema, ingest.refuse)
register_changing('mention_claim', claims.schema, claims.claim)
local ACTS = { 'renew', 'release', 'resolve', 'dismiss', 'reopen', 'snooze', 'assign', 'escalate',
    'reclassify' }
for i = 1, #ACTS do
    register_changing('mention_' .. ACTS[i], acts.schemas[ACTS[i]], acts[ACTS[i]])
end
register_changing('mention_erase', erasing.erase_schema, erasing.erase)
register_changing('mention_edit', erasing.edit_schema, erasing.edit)
register_changing('mention_tick', timers.schema, timers.tick)
register_changing('reader_commit', readers.schema, readers.commit)

register('outage_commit', with_values(outages.commit))
register_changing('outage_open', outages.open_schema, outages.open)
local OUTAGE_ACTS = { 'ack', 'resolve', 'confirm', 'reject', 'missed' }
for i = 1, #OUTAGE_ACTS do
    register_changing('outage_' .. OUTAGE_ACTS[i], outages.schemas[OUTAGE_ACTS[i]], outages[OUTAGE_ACTS[i]])
end
register_changing('guard_remove', outages.guard_schema, outages.guard_remove)
register_changing('maintenance_add', outages.maintenance_schema, outages.maintenance_add)
register_changing('maintenance_remove', outages.window_schema, outages.maintenance_remove)

register('alert_commit', with_values(alerts.commit), 'allow-oom')
register_changing('alert_open', alerts.open_schema, alerts.open)
register_changing('silence_add', alerts.add_schema, alerts.silence_add)
register_changing('silence_remove', alerts.remove_schema, alerts.silence_remove)
register('alert_state', reading(alerts.empty_schema, alerts.state), 'no-writes')
register('silence_list', reading(alerts.empty_schema, alerts.silence_list), 'no-writes')

register('outage_list', reading(outages.list_schema, outages.list), 'no-writes')
register('outage_get', reading(outages.get_schema, outages.get), 'no-writes')
register('outage_members', reading(outages.members_schema, outages.members), 'no-writes')
register('outage_guards', reading(outages.empty_schema, outages.guards), 'no-writes')
register('outage_state', reading(outages.empty_schema, outages.state), 'no-writes')
register('mention_get', reading(looking.get_schema, looking.get), 'no-writes')
register('queue_stats', reading(looking.stats_schema, looking.stats), 'no-writes')

register('lease_take', of_account(accounts.take_schema, accounts.take), 'allow-oom')
register('lease_renew', of_account(accounts.renew_schema, accounts.renew), 'allow-oom')
register('lease_drop', of_account(accounts.drop_schema, accounts.drop), 'allow-oom')
register('session_set', of_account(accounts.session_schema, accounts.session_set), 'allow-oom')
register('session_get', of_account(accounts.empty_schema, accounts.session_get), 'no-writes')
register('alerts_set', of_account(accounts.alerts_schema, accounts.alerts_set), 'allow-oom')
register('alerts_get', of_account(accounts.empty_schema, accounts.alerts_get), 'no-writes')
register('ops_say', of_account(accounts.say_schema, accounts.say), 'allow-oom')
register('spent_set', of_account(accounts.spent_schema, accounts.spent_set), 'allow-oom')
register('spent_get', of_account(accounts.empty_schema, accounts.spent_get), 'no-writes')

-- What append, rewrite and update share. ARGV begins with: now; owner or ''; if_version or '';
-- updatedAt; and the new ttl, '' for none, or 'keep'.

local now, owner, if_version, updated_at, renewal = unpack(ARGV, 1, 5)
local stored_owner, ttl, version, count, first, following, weight = unpack(redis.call('HMGET', key,
  'userId', 'ttl', 'version', 'messageCount', 'first', 'next', 'weight'))
first = tonumber(first or '0')
following = tonumber(following or '0')
weight = tonumber(weight or '0')

-- Why this call must not see the session, or nil.
local function absence()
  if not stored_owner and redis.call('EXISTS', key) == 0 then
    return 'missing'
  end
  if is_expired(ttl, now) or (owner ~= '' and owner ~= stored_owner) then
    return 'missing'
  end
end

-- Why this call must not change the session, or nil.
local function refusal()
  if if_version ~= '' and if_version ~= (version or '0') then
    return 'conflict'
  end
  if (version and not is_whole(version)) or (count and not is_whole(count))
      or not (first and following and weight) then
    return 'corrupt'
  end
end

-- Writes fields and values by turns, and what every write changes: `added` is the change of
-- messageCount, nil for none. HSET comes first, because it is refused if memory is short, and what
-- follows a first write is not: so a record is written whole or not at all.
local function commit(values, added)
  values[#values + 1] = 'updatedAt'
  values[#values + 1] = updated_at
  if renewal ~= 'keep' then
    ttl = renewal
    if ttl ~= '' then
      values[#values + 1] = 'ttl'
      values[#values + 1] = ttl
    end
  end
  if added and not count then
    -- Another service wrote no count: it is the number of its messages.
    values[#values + 1] = 'messageCount'
    values[#values + 1] = digits(following - first)
  end
  in_chunks('HSET', values, 1)
  redis.call('HINCRBY', key, 'version', 1)
  if added then
    redis.call('HINCRBY', key, 'messageCount', digits(added))
  end
  if ttl == '' then
    redis.call('HDEL', key, 'ttl')
  end
  set_lease(ttl, now)
end

-- The id and the weight of a message; nil and 0 for what is not one.
local function label(message)
  local size, id = string.match(message or '', '^(%d+)%z([^%z]+)%z')
  if not size then
    return nil, 0
  end
  return id, tonumber(size) + #id + 2
end

-- Lists the fields of a message that leaves the window.
local function doom(fields, sequence, id)
  fields[#fields + 1] = 'm:' .. digits(sequence)
  if id then
    fields[#fields + 1] = 'i:' .. id
  end
end

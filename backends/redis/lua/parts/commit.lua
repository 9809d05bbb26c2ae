--> write
--> in_chunks
--> lease

-- Writes `values`, fields and values by turns, and what every write changes: `added` is by how
-- much messageCount grows, nil if that stays. HSET comes first, because it is refused if memory
-- is short, and what follows a first write is not: so a record is written whole or not at all.
local function commit(stored, values, added)
  local version, count = stored[VERSION] or '0', added and stored[MESSAGE_COUNT]
  local is_large = #version > 15 or (count and #count > 15) -- Lua would round it
  local last = #values
  if not is_large then
    stored[VERSION] = string.format('%d', version + 1)
    values[last + 1], values[last + 2] = 'version', stored[VERSION]
    last = last + 2
    if count then
      stored[MESSAGE_COUNT] = string.format('%d', count + added)
      values[last + 1], values[last + 2] = 'messageCount', stored[MESSAGE_COUNT]
      last = last + 2
    end
  end
  stored[UPDATED_AT] = updated_at
  values[last + 1], values[last + 2] = 'updatedAt', updated_at
  if renewal ~= 'keep' and renewal ~= '' then
    stored[TTL] = renewal
    values[last + 3], values[last + 4] = 'ttl', renewal
  end
  in_chunks('HSET', values, 1)
  if is_large then
    redis.call('HINCRBY', key, 'version', 1)
    stored[VERSION] = redis.call('HGET', key, 'version')
    if count then
      redis.call('HSET', key, 'messageCount', count)
      redis.call('HINCRBY', key, 'messageCount', added)
      stored[MESSAGE_COUNT] = redis.call('HGET', key, 'messageCount')
    end
  end
  if renewal == '' then
    redis.call('HDEL', key, 'ttl')
    stored[TTL] = false
  end
  lease(stored[TTL], now)
end

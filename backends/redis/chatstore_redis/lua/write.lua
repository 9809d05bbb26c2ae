-- What append, rewrite and update share. ARGV begins with: now; owner or ''; if_version or '';
-- updatedAt; and the new ttl, '' for none, or 'keep'.

local now, owner, if_version, updated_at, renewal = unpack(ARGV, 1, 5)
local stored = {} -- the values of the info and the window's numbers, by name; false for none
local first, following, weight

-- Reads `stored`, and the fields of these names, whose values it returns.
local function load(names)
  local all = {'first', 'next', 'weight', unpack(INFO_FIELDS)}
  local known = #all
  for index, name in ipairs(names) do
    all[known + index] = name
  end
  local values = values_of(all)
  for index = 1, known do
    stored[all[index]] = values[index]
  end
  first = tonumber(stored.first or '0')
  following = tonumber(stored.next or '0')
  weight = tonumber(stored.weight or '0')
  local rest = {}
  for index = known + 1, #values do
    rest[index - known] = values[index]
  end
  return rest
end

-- Why this call must not see the session, or nil.
local function absence()
  if not stored.userId and redis.call('EXISTS', key) == 0 then
    return 'missing'
  end
  if is_expired(stored.ttl, now) or (owner ~= '' and owner ~= stored.userId) then
    return 'missing'
  end
end

-- Why this call must not change the session, or nil.
local function refusal()
  if if_version ~= '' and if_version ~= (stored.version or '0') then
    return 'conflict'
  end
  if (stored.version and not is_whole(stored.version))
      or (stored.messageCount and not is_whole(stored.messageCount))
      or not (first and following and weight) then
    return 'corrupt'
  end
end

-- The info as it is stored now, and these messages.
local function answer(messages)
  local values = {}
  for index, name in ipairs(INFO_FIELDS) do
    values[index] = stored[name]
  end
  local known = #INFO_FIELDS
  for index = 1, #messages do
    values[known + index] = messages[index]
  end
  return joined(values)
end

-- Writes fields and values by turns, and what every write changes: `added` is the change of
-- messageCount, nil for none. HSET comes first, because it is refused if memory is short, and what
-- follows a first write is not: so a record is written whole or not at all.
local function commit(values, added)
  local large = {}
  local function set(name, value)
    values[#values + 1] = name
    values[#values + 1] = value
    stored[name] = value
  end
  local function add(name, change)
    local text = stored[name] or '0'
    if #text < 16 then
      set(name, string.format('%.0f', tonumber(text) + change))
    else
      large[name] = change -- Lua would round it
    end
  end

  if added then
    -- Where another service wrote no count, it is the number of its messages.
    stored.messageCount = stored.messageCount or tostring(following - first)
    add('messageCount', added)
  end
  add('version', 1)
  set('updatedAt', updated_at)
  if renewal ~= 'keep' and renewal ~= '' then
    set('ttl', renewal)
  end
  in_chunks('HSET', values, 1)
  for name, change in pairs(large) do
    redis.call('HINCRBY', key, name, change)
    stored[name] = redis.call('HGET', key, name)
  end
  if renewal == '' then
    redis.call('HDEL', key, 'ttl')
    stored.ttl = false
  end
  set_lease(stored.ttl, now)
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
  fields[#fields + 1] = 'm:' .. sequence
  if id then
    fields[#fields + 1] = 'i:' .. id
  end
end

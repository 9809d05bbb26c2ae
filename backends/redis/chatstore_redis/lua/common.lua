-- What all scripts share. Times and counters arrive and leave as text, since Lua's own numbers print
-- as 1e+14 and lose what lies beyond 2^53. Sequence numbers and weights stay far below.

local key = KEYS[1]
local unpack = unpack or table.unpack
local CHUNK = 1000 -- unpack has no room for many more
local RECLAIM_AFTER = 86400 -- seconds that a key outlives its session
local LONGEST_LEASE = 1e10 -- three centuries; the server's own bound lies not far beyond

local function is_whole(text)
  return text and #text < 19 and string.find(text, '^%-?%d+$') ~= nil
end

-- A ttl that is no whole number never lapses: the record is there until it is deleted.
local function is_expired(ttl, now)
  return is_whole(ttl) and tonumber(ttl) <= tonumber(now)
end

-- Runs a command on values from an index on, in chunks of an even length.
local function in_chunks(command, values, start)
  for from = start, #values, CHUNK do
    redis.call(command, key, unpack(values, from, math.min(from + CHUNK - 1, #values)))
  end
end

-- The values of the fields with these names; false where there is none.
local function values_of(names)
  if #names == 0 then
    return {} -- HMGET wants at least one
  end
  if #names <= CHUNK then
    return redis.call('HMGET', key, unpack(names))
  end
  local values = {}
  for from = 1, #names, CHUNK do
    local to = math.min(from + CHUNK - 1, #names)
    for _, value in ipairs(redis.call('HMGET', key, unpack(names, from, to))) do
      values[#values + 1] = value
    end
  end
  return values
end

-- Adds the names of the messages with these sequence numbers.
local function add_messages(names, from, to)
  for sequence = from, to - 1 do
    names[#names + 1] = 'm:' .. sequence
  end
  return names
end

-- Values as one text, which a client takes apart far faster than a list: their number, then the
-- values. Between them, and for one that is missing, stand bytes that occur in no UTF-8.
local function joined(values)
  for index = 1, #values do
    values[index] = values[index] or '\254'
  end
  return #values .. '\255' .. table.concat(values, '\255')
end

-- The day's difference is the reach of a wrong clock that costs space and no data. It is relative:
-- the server's clock may be another than the caller's, and a time in its past would delete at once.
local function set_lease(ttl, now)
  local lease = is_whole(ttl) and math.max(tonumber(ttl) - tonumber(now), 0) + RECLAIM_AFTER
  if lease and lease <= LONGEST_LEASE then
    redis.call('EXPIRE', key, lease)
  else
    redis.call('PERSIST', key)
  end
end

-- What all scripts share. Times and counters arrive and leave as text, since Lua's own numbers print
-- as 1e+14 and lose what lies beyond 2^53.

local key = KEYS[1]
local unpack = unpack or table.unpack
local CHUNK = 1000 -- unpack has no room for many more
local RECLAIM_AFTER = 86400 -- seconds that a key outlives its session
local LONGEST_LEASE = 1e10 -- three centuries; the server's own bound lies not far beyond

local function is_whole(text)
  return text and #text < 19 and string.find(text, '^%-?%d+$') ~= nil
end

local function digits(number)
  return string.format('%.0f', number)
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

-- The day's difference is the reach of a wrong clock that costs space and no data. It is relative:
-- the server's clock may be another than the caller's, and a time in its past would delete at once.
local function set_lease(ttl, now)
  local lease = is_whole(ttl) and math.max(tonumber(ttl) - tonumber(now), 0) + RECLAIM_AFTER
  if lease and lease <= LONGEST_LEASE then
    redis.call('EXPIRE', key, digits(lease))
  else
    redis.call('PERSIST', key)
  end
end

-- The stored messages with these sequence numbers, oldest first; false where there is none.
local function messages_between(from, to)
  local found = {}
  for start = from, to - 1, CHUNK do
    local names = {}
    for sequence = start, math.min(start + CHUNK, to) - 1 do
      names[#names + 1] = 'm:' .. digits(sequence)
    end
    for _, message in ipairs(redis.call('HMGET', key, unpack(names))) do
      found[#found + 1] = message
    end
  end
  return found
end

-- The info's fields, and after them the messages with these sequence numbers, as one text: their
-- lengths (-1 for one that is not there), a line's end, and their bytes. A client takes a list of
-- them apart far more slowly.
local function answer(from, to)
  local values = redis.call('HMGET', key, unpack(INFO_FIELDS))
  for _, message in ipairs(messages_between(from, to)) do
    values[#values + 1] = message
  end
  local lengths, present = {}, {}
  for index, value in ipairs(values) do
    if value then
      lengths[index] = #value
      present[#present + 1] = value
    else
      lengths[index] = -1
    end
  end
  return table.concat(lengths, ',') .. '\n' .. table.concat(present)
end

-- Generated from backends/redis/lua/write_session.lua, which is the one to change.
-- Writes a whole session in place of what lies there.
-- ARGV: now; 'overwrite' or ''; the ttl or ''; then fields and values by turns.
-- Returns 1; or 0, and nothing is written, if a live session is there and must stay.

-- Where the attributes of a session stand in what `fetch` returns, and behind them, in most
-- scripts, what else they ask for.
local USER_ID, CREATED_AT, SESSION_ID, UPDATED_AT, SESSION_STATUS, CREATION_ID = 1, 2, 3, 4, 5, 6
local TTL, MESSAGE_COUNT, VERSION, USER_PREFERENCES, METADATA, UNKNOWN = 7, 8, 9, 10, 11, 12
local HISTORY = 13
local ATTRIBUTES = 13
local FIRST, NEXT, WEIGHT = 14, 15, 16

-- The values of a session's attributes, and behind them those of other fields; false where there is
-- none.
local function fetch(key, ...)
  return redis.call('HMGET', key, 'userId', 'createdAt', 'sessionId', 'updatedAt', 'sessionStatus',
    'creationId', 'ttl', 'messageCount', 'version', 'userPreferences', 'metadata', 'unknown',
    'history', ...)
end

-- Whether there is no session at all. One may lack its owner, if another program wrote it.
local function is_missing(key, stored)
  return not stored[USER_ID] and redis.call('EXISTS', key) == 0
end

local key = KEYS[1]

local CHUNK = 1000 -- unpack has no room for many more

-- Runs a command on values from an index on, in chunks of an even length.
local function in_chunks(command, values, start)
  for from = start, #values, CHUNK do
    redis.call(command, key, unpack(values, from, math.min(from + CHUNK - 1, #values)))
  end
end

-- Times and counters arrive and leave as text: Lua's own numbers print as 1e+14 and lose what lies
-- beyond 2^53. And it reads "inf" and "0x1" as numbers, so what is stored is looked at before.
local function is_whole(text)
  return text and #text < 19 and string.find(text, '^%-?%d+$') ~= nil
end

-- Whether two texts are whole numbers from 0 on. To look for a pattern takes longest of all.
local function are_counts(one, other)
  return #one < 19 and #other < 19 and string.find(one .. ',' .. other, '^%d+,%d+$') ~= nil
end

-- A ttl that is no whole number never lapses: the record is there until it is deleted.
local function is_expired(ttl, now)
  return is_whole(ttl) and tonumber(ttl) <= tonumber(now)
end

-- The day's difference is the reach of a wrong clock that costs space and no data.
local OUTLIVES = 86400 -- seconds that a key outlives its session
local LONGEST_LEASE = 1e10 -- three centuries; the server's own bound lies not far beyond

-- Sets how long the key lasts. The time is relative: the server's clock may be another than the
-- caller's, and a time in its past would delete at once.
local function lease(ttl, now)
  local seconds = is_whole(ttl) and math.max(tonumber(ttl) - tonumber(now), 0) + OUTLIVES
  if seconds and seconds <= LONGEST_LEASE then
    redis.call('EXPIRE', key, seconds)
  else
    redis.call('PERSIST', key)
  end
end

local now, overwrite, ttl = unpack(ARGV, 1, 3)
local BEFORE = 3 -- arguments before the fields
local stored = fetch(key)
if overwrite == '' and not is_missing(key, stored) and not is_expired(stored[TTL], now) then
  return 0
end
-- Once something is written, nothing is refused any more for want of memory, and UNLINK never is:
-- so the refusal has to come before.
redis.call('HSET', key, 'first', '0')
redis.call('UNLINK', key)
in_chunks('HSET', ARGV, BEFORE + 1)
lease(ttl, now)
return 1

-- Generated from backends/redis/lua/delete.lua, which is the one to change.
-- Removes a session.
-- ARGV: what every write says.
-- Returns 1 if a live session was removed, 'missing' or 'conflict'.

local key = KEYS[1]

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

local CHUNK = 1000 -- unpack has no room for many more

-- What every write says of itself, in the first arguments of its script: `now`, in seconds; the
-- `owner` that the session must have, or ''; the version that it must have, or ''; the new
-- updatedAt; the new ttl, '' for none, or 'keep'; and the bounds of the writer's window, by its
-- messages' number and by their weight, each '' where it does not decide.
local now, owner, if_version, updated_at, renewal, most, room = unpack(ARGV, 1, 7)
most, room = tonumber(most), tonumber(room)

-- Why the session can't be written to: the writer may not know of it, it is at another version, or
-- it holds what can't be counted on. Nothing if it can. `first` is where its window begins; if that
-- is not known, `reason` says why.
local function refusal(stored, first, reason)
  local version, count = stored[VERSION], stored[MESSAGE_COUNT]
  if is_missing(key, stored) or is_expired(stored[TTL], now)
      or (owner ~= '' and owner ~= stored[USER_ID]) then
    return 'missing'
  end
  if if_version ~= '' and if_version ~= (version or '0') then
    return 'conflict'
  end
  if not first then
    return reason
  end
  if not are_counts(version or '0', count or '0') or not is_whole(stored[WEIGHT] or '0') then
    return 'corrupt'
  end
  return nil
end

local stored = fetch(key)
local why_not = refusal(stored, 0)
if why_not == 'missing' or why_not == 'conflict' then
  return why_not -- what is corrupt can be removed
end
return redis.call('UNLINK', key)

-- Generated from backends/redis/lua/read_info.lua, which is the one to change.
-- Returns the attributes of each session; of one that is not there, values that are missing; of
-- one whose form is not known here, 'newer'.

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

-- A session with history is stored in the second form: its number stands before the weight, as in
-- '2:348'. Who knows the first form alone takes that for no number, and does not write.
local FORM, MARK = '2', '2:'
local HISTORY_BYTES = 336000 -- what the window of a session with history may weigh

-- Where the window stands: the sequence number of its first message, and the one behind its last.
-- Nothing, and why, if the form is not known here, or that can't be true. The weight becomes the
-- number alone. Beyond 2^53 counting up never ends: so a range is gone through only if it can be
-- counted and the record has as many fields, which is not worth asking below a chunk. Where another
-- service wrote no count of messages, it is the window's length.
local function window_of(key, stored)
  local first, following, weight = stored[FIRST] or '0', stored[NEXT] or '0', stored[WEIGHT]
  local form = weight and string.find(weight, ':', 1, true) and string.match(weight, '^(%d+):')
  if form and form ~= FORM then
    return nil, 'newer'
  end
  if stored[HISTORY] or form then
    if not form or not is_whole(stored[HISTORY]) then
      return nil, 'corrupt'
    end
    stored[WEIGHT] = string.sub(weight, #MARK + 1)
  end
  if are_counts(first, following) then
    first, following = tonumber(first), tonumber(following)
    local length = following - first
    if length >= 0 and following <= 1e15
        and (length <= CHUNK or length <= redis.call('HLEN', key)) then
      if not stored[MESSAGE_COUNT] then
        stored[MESSAGE_COUNT] = string.format('%d', stored[HISTORY] and following or length)
      end
      return first, following
    end
  end
  return nil, 'corrupt'
end

-- The attributes, which stand first in `stored`, and messages from an index on, as one text,
-- which a client takes apart far faster than a list: their number, then the values. Between them,
-- and for one that is missing, stand bytes that occur in no UTF-8.
local function answer(stored, messages, from)
  for index = 1, ATTRIBUTES do
    stored[index] = stored[index] or '\254'
  end
  local last = ATTRIBUTES
  for index = from, #messages do
    last = last + 1
    stored[last] = messages[index] or '\254'
  end
  stored[0] = last
  return table.concat(stored, '\255', 0, last)
end

local answers = {}
for index, key in ipairs(KEYS) do
  local stored = fetch(key, 'first', 'next', 'weight')
  local reason
  if stored[USER_ID] then
    local _
    _, reason = window_of(key, stored) -- which counts its messages
  end
  answers[index] = reason == 'newer' and reason or answer(stored, {}, 1)
end
return answers

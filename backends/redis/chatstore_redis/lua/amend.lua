-- Generated from backends/redis/lua/amend.lua, which is the one to change.
-- Puts a message in the place of the one with its id, if that is in the window.
-- ARGV: what every write says; the message, as its field holds it; and the field that the store has
-- found to say something else, or ''.
-- Returns 'missing', 'newer', 'unknown' if no such message is in the window, {the stored field, the
-- attributes and the window} if it may say the same, 'conflict', 'corrupt', {'heavy', of a session
-- with history, what the window weighs, what the stored message weighs} if there is no room, or the
-- attributes with the window.

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

-- Runs a command on values from an index on, in chunks of an even length.
local function in_chunks(command, values, start)
  for from = start, #values, CHUNK do
    redis.call(command, key, unpack(values, from, math.min(from + CHUNK - 1, #values)))
  end
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

-- The fields of the messages with these sequence numbers, the last one excluded; false where
-- there is none.
local function messages_between(first, following)
  local messages = {}
  for start = first, following - 1, CHUNK do
    local names = {}
    for sequence = start, math.min(start + CHUNK, following) - 1 do
      names[sequence - start + 1] = string.format('m:%d', sequence)
    end
    local chunk = redis.call('HMGET', key, unpack(names))
    if following - first <= CHUNK then
      return chunk
    end
    for _, message in ipairs(chunk) do
      messages[#messages + 1] = message
    end
  end
  return messages
end

-- The id and the weight of a message, from its field; nil and 0 for what is not one.
local function label(message)
  local size, id = string.match(message or '', '^(%d+)%z(%Z+)%z')
  if not size or #size > 15 then
    return nil, 0
  end
  return id, tonumber(size) + #id + 2
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

local message, other = ARGV[8], ARGV[9]
local id, weight = label(message)
local mark = 'i:' .. id
local stored = fetch(key, 'first', 'next', 'weight', mark)
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not == 'missing' or why_not == 'newer' then
  return why_not
end
local sequence = tonumber(stored[WEIGHT + 1] or '')
if not stored[WEIGHT + 1] or (first and sequence and sequence < first) then
  return 'unknown'
end
if not first or not sequence or sequence >= following then
  return 'corrupt'
end

-- Whether a message's text may be chatstore's own. Another program may tell a time or a number in
-- another way, or write what is nothing.
local function is_normal(text)
  return string.find(text, '"timestamp":"%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%d%d%d%dZ"')
    and not string.find(text, '[:,%[]%-?%d+%.%d*0[,%]}]')
    and not string.find(text, '[:,%[]%-?[%d%.]+[eE]') and not string.find(text, ':null')
end

-- What says the same has the same size, if chatstore has written it.
local name = 'm:' .. stored[WEIGHT + 1]
local old = redis.call('HGET', key, name)
local old_id, old_weight = label(old)
if old ~= other and (old_id ~= id or old_weight == weight or not is_normal(old)) then
  return {old, answer(stored, messages_between(first, following), 1)}
end
if why_not then
  return why_not
end

local total = tonumber(stored[WEIGHT] or '0')
if stored[HISTORY] then
  room = HISTORY_BYTES
end
if weight > old_weight and total - old_weight + weight > (room or HISTORY_BYTES) then
  return {'heavy', stored[HISTORY], total, old_weight}
end
total = total - old_weight + weight
commit(stored, {name, message, 'weight', stored[HISTORY] and MARK .. total or total}, nil)
return answer(stored, messages_between(first, following), 1)

-- Generated from backends/redis/lua/rewrite.lua, which is the one to change.
-- Puts messages in the place of what the writer's policy shows of the window, or of all that is
-- kept.
-- ARGV: what every write says; 'whole' or ''; how many messages were given; how many of them the
-- writer's policy keeps; then the newest of them, as their fields hold them: so many at least, and
-- all if a session with history may take them.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', {'window', of a session with history} if they
-- are too many or too heavy for it, or the attributes, with the older messages of the new window.

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

local is_whole_rewrite, given, kept = ARGV[8] == 'whole', tonumber(ARGV[9]), tonumber(ARGV[10])
local BEFORE = 10 -- arguments before the messages

local stored = fetch(key, 'first', 'next', 'weight')
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not then
  return why_not
end
local history = tonumber(stored[HISTORY] or '')

-- What was looked at of the stored messages, by their sequence numbers.
local messages, ids, weights = {}, {}, {}
local function look_at(from, to)
  for index, message in ipairs(messages_between(from, to)) do
    local sequence = from + index - 1
    messages[sequence] = message
    ids[sequence], weights[sequence] = label(message)
  end
end

-- How many messages are replaced: what the writer is shown, or all.
local replaced = history and following or following - first
if not (history and is_whole_rewrite) then
  look_at(first, following)
end
if not is_whole_rewrite then
  local shown = 0
  while shown < following - first and shown ~= most do
    room = room and room - weights[following - shown - 1]
    if room and room < 0 then
      break
    end
    shown = shown + 1
  end
  replaced = shown
end

-- The new messages, and where they go: into the place of those that are replaced, or, where nothing
-- is kept before them, to the beginning.
local taken = history and given or kept
local start = history and following - replaced or 0
local new_ids, new_weights, weight = {}, {}, 0
for index = 1, taken do
  new_ids[index], new_weights[index] = label(ARGV[#ARGV - taken + index])
  weight = weight + new_weights[index]
end
if history and not is_whole_rewrite and (given > history or weight > HISTORY_BYTES) then
  return {'window', history}
end

-- Where the new window begins. Older messages may slide into one with history.
local begin = start
if history then
  begin, weight = start + taken, 0
  while begin > 0 and start + taken - begin < history do
    local sequence = begin - 1
    if sequence < start and not messages[sequence] then
      look_at(math.max(begin - history, 0), begin)
    end
    local heavier = weight + (new_weights[begin - start] or weights[sequence] or 0)
    if heavier > HISTORY_BYTES then
      break
    end
    begin, weight = sequence, heavier
  end
end

local values = {
  'first', begin,
  'next', start + taken,
  'weight', history and MARK .. weight or weight,
}
local is_written, older = {}, {}
local function write(name, value)
  is_written[name] = true
  values[#values + 1] = name
  values[#values + 1] = value
end
for sequence = begin, start - 1 do
  older[#older + 1] = messages[sequence] or false
  if ids[sequence] then
    write('i:' .. ids[sequence], sequence) -- a later message may have had it
  end
end
for index = 1, taken do
  write(string.format('m:%d', start + index - 1), ARGV[#ARGV - taken + index])
  write('i:' .. new_ids[index], start + index - 1)
end

local gone = {}
if history and is_whole_rewrite then
  -- To name what is gone would take reading all of it. If memory is short, that is refused before
  -- anything is removed.
  redis.call('HSET', key, 'first', '0')
  redis.call('UNLINK', key)
  for index, name in ipairs({'userId', 'createdAt', 'sessionId', 'updatedAt', 'sessionStatus',
      'creationId', 'ttl', 'messageCount', 'version', 'userPreferences', 'metadata', 'unknown',
      'history'}) do
    if stored[index] then
      write(name, stored[index])
    end
  end
else
  for sequence = history and start or first, following - 1 do
    local name, mark = string.format('m:%d', sequence), ids[sequence] and 'i:' .. ids[sequence]
    gone[#gone + 1] = not is_written[name] and name or nil
    gone[#gone + 1] = mark and not is_written[mark] and mark or nil
  end
end
commit(stored, values, given - replaced)
in_chunks('HDEL', gone, 1)
return answer(stored, older, 1)

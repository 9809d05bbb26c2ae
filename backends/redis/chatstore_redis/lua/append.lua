-- Generated from backends/redis/lua/append.lua, which is the one to change.
-- Appends messages, and drops the oldest ones that the writer's window has no room for. A session
-- with history keeps them: they only leave its window. A patch is merged in the same step.
-- ARGV: what every write says; 'window' or ''; how many messages; the messages, as their fields
-- hold them; then the patch, if there is one.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', 'met', {field, 'keys' or 'bytes', how many} if
-- the patch makes too many, {'heavy', how many messages are not new} if the others weigh more than
-- a session with history takes at once, or the attributes, with the window if it was asked for.

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

local MOST_KEYS = 256
local MOST_MAP_BYTES = 32768

-- Merges a patch into what is stored and into `values`, the fields and values to be written. In
-- ARGV, from an index on: the new status or ''; the number of names in the patch of the
-- preferences; then names and values by turns, of the preferences and after them of the metadata.
-- Why that can't be, or nothing: 'corrupt', or {the field, 'keys' or 'bytes', how many}. What it
-- is made of is inside: a function takes time, and few writes have a patch.
local function patch_into(stored, values, start)
  -- The stored size of JSON texts that stand one after another: what a text, a number or a word is in
  -- bytes, one more for a number and for each entry of a list or an object, and three more for these.
  local function json_size(texts)
    -- A letter in the place of each escape: then no quote is left inside a text.
    local rest = string.gsub(texts, '\\\\', 'x')
    rest = string.gsub(rest, '\\u%x%x%x%x', 'x')
    rest = string.gsub(rest, '\\.', 'x')
    local function count(pattern, replacement)
      local before, number = #rest, nil
      rest, number = string.gsub(rest, pattern, replacement)
      return number, before - #rest -- by how much it became shorter
    end
    local texts_number, texts_bytes = count('"[^"]*"', 'x')
    rest = string.gsub(rest .. '\0', 'e%-(%d%D)', 'e-0%1') -- as Python writes it
    local numbers, digits = count('[-%d][-+.eE%d]*', '#')
    local words = count('[tfn]%a+', 'x')
    local empty = count('%[%]', '') + count('{}', '')
    local filled = count('[%[{]', '')
    local commas = count(',', '')
    return texts_bytes - texts_number + digits + 2 * numbers + words + 3 * empty + 4 * filled + commas
  end

  -- The names and the values of packed entries; nothing if what is stored are none.
  local function unpacked(packed)
    local names, values = {}, {}
    -- Not by a pattern: one that does not fit is tried again at each character.
    local place = 1
    while place <= #packed do
      local middle = string.find(packed, '\0', place, true)
      local last = middle and string.find(packed, '\0', middle + 1, true)
      if not last then
        return nil
      end
      names[#names + 1] = string.sub(packed, place, middle - 1)
      values[#values + 1] = string.sub(packed, middle + 1, last - 1)
      place = last + 1
    end
    return names, values
  end

  -- The stored size of entries.
  local function size_of(names, values)
    return #table.concat(names) + json_size(table.concat(values, '\0'))
  end

  -- Packed entries with the names and values merged in that stand in ARGV by turns; an empty value
  -- removes its name. Nothing, and the reason, if what is stored are no entries, or if there would be
  -- more keys or bytes than there may be: then with their number.
  local function merged(packed, from, to)
    local names, values = unpacked(packed)
    if not names then
      return nil, 'corrupt'
    end
    local patch, had, new_names, new_values, packed_new = {}, {}, {}, {}, {}
    local function keep(name, value)
      local place = #new_names + 1
      new_names[place], new_values[place] = name, value
      packed_new[place] = name .. '\0' .. value .. '\0'
    end
    for index = from, to, 2 do
      patch[ARGV[index]] = ARGV[index + 1]
    end
    for index, name in ipairs(names) do
      had[name] = true
      if not patch[name] then
        keep(name, values[index])
      end
    end
    local is_longer = false
    for index = from, to, 2 do
      if ARGV[index + 1] ~= '' then
        keep(ARGV[index], ARGV[index + 1])
        is_longer = is_longer or not had[ARGV[index]]
      end
    end
    if is_longer and #new_names > MOST_KEYS then
      return nil, {'keys', #new_names}
    end
    local text = table.concat(packed_new)
    -- No text of JSON stands for more than twice as many bytes.
    if 2 * #text > MOST_MAP_BYTES then
      local size = size_of(new_names, new_values)
      if size > MOST_MAP_BYTES and size > size_of(names, values) then
        return nil, {'bytes', size}
      end
    end
    return text
  end

  local status, first_name = ARGV[start], start + 2
  local last = first_name + 2 * tonumber(ARGV[start + 1]) - 1
  local patches = {
    {'userPreferences', USER_PREFERENCES, first_name, last},
    {'metadata', METADATA, last + 1, #ARGV},
  }
  for _, patch in ipairs(patches) do
    local field, place, from, to = unpack(patch)
    if from <= to then
      local text, reason = merged(stored[place] or '', from, to)
      if not text then
        return reason == 'corrupt' and reason or {field, unpack(reason)}
      end
      stored[place] = text
      values[#values + 1] = field
      values[#values + 1] = text
    end
  end
  if status ~= '' then
    stored[SESSION_STATUS] = status
    values[#values + 1] = 'sessionStatus'
    values[#values + 1] = status
  end
  return nil
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

local with_window, given = ARGV[8] == 'window', tonumber(ARGV[9])
local BEFORE = 9 -- arguments before the messages

local weights, marks = {}, {}
for index = 1, given do
  local id, weight = label(ARGV[BEFORE + index])
  weights[index] = weight
  marks[index] = 'i:' .. id
end

local stored = fetch(key, 'first', 'next', 'weight', unpack(marks))
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not == 'missing' or why_not == 'newer' then
  return why_not
end

-- Whether the messages before an index were all sent before: a batch that is sent again begins with
-- what is stored, in that order and to the byte; before that may stand what was pruned, if something
-- was.
local function is_sent_again(start)
  local names, before, skipped = {}, -1, 0
  for index = 1, start - 1 do
    local sequence = tonumber(stored[WEIGHT + index] or '')
    if sequence and sequence > before and (before >= 0 or skipped == 0 or sequence == first) then
      before = sequence
      names[#names + 1] = 'm:' .. stored[WEIGHT + index]
    elseif not sequence and before < 0 and first and is_whole(stored[MESSAGE_COUNT])
        and tonumber(stored[MESSAGE_COUNT]) > following - first then
      skipped = skipped + 1
    else
      return false
    end
  end
  if before < 0 then
    return false
  end
  for index, message in ipairs(redis.call('HMGET', key, unpack(names))) do
    if message ~= ARGV[BEFORE + skipped + index] then
      return false
    end
  end
  return true
end

local start = given + 1 -- the first message that is new
while start > 1 and not stored[WEIGHT + start - 1] do
  start = start - 1
end
if start > 1 and not is_sent_again(start) then
  local is_older = stored[HISTORY] and first
  for index = 1, given do
    local sequence = tonumber(stored[WEIGHT + index] or '-1')
    is_older = is_older and sequence and sequence < first
  end
  if not is_older then
    return 'met' -- the store decides
  end
  start = 1 -- only the window's ids are taken
end
if start > given then
  if with_window and not first then
    return 'corrupt'
  end
  return answer(stored, with_window and messages_between(first, following) or {}, 1)
end

if why_not then
  return why_not
end

local added, added_weight = given - start + 1, 0
for index = start, given do
  added_weight = added_weight + weights[index]
end
if stored[HISTORY] and added_weight > HISTORY_BYTES then
  return {'heavy', start - 1}
end
local values = {}
if #ARGV > BEFORE + given then
  why_not = patch_into(stored, values, BEFORE + given + 1)
  if why_not then
    return why_not
  end
end

-- The oldest leave the window until the rest fits: first stored ones, then some of the batch itself.
local offset = following - start -- from an index of the batch to a sequence number
local weight = tonumber(stored[WEIGHT] or '0') + added_weight
if stored[HISTORY] then
  most, room = tonumber(stored[HISTORY]), HISTORY_BYTES -- whoever writes
end
-- What was read of the stored messages, and how many of them have left.
local window, seen = with_window and messages_between(first, following) or {}, 0
local begin, doomed = first, {}
local fits_from = most and math.max(following + added - most, first) or first
while begin < fits_from or (room and weight > room) do
  if begin == following + added then
    return 'corrupt' -- the stored weight is too much even without any message
  end
  if begin < following then
    if seen == #window then
      local to = math.max(fits_from, begin + 1)
      window, seen = messages_between(begin, math.min(to, begin + CHUNK, following)), 0
    end
    seen = seen + 1
    local id, lost = label(window[seen])
    if not stored[HISTORY] then
      doomed[#doomed + 1] = string.format('m:%d', begin)
      doomed[#doomed + 1] = id and 'i:' .. id
    end
    weight = weight - lost
  else
    weight = weight - weights[begin - offset]
  end
  begin = begin + 1
end

local last = #values
values[last + 1], values[last + 2] = 'first', begin
values[last + 3], values[last + 4] = 'next', following + added
values[last + 5], values[last + 6] = 'weight', stored[HISTORY] and MARK .. weight or weight
last = last + 6
for index = start, given do
  local sequence = index + offset
  if stored[HISTORY] or sequence >= begin then
    values[last + 1], values[last + 2] = 'm:' .. sequence, ARGV[BEFORE + index]
    values[last + 3], values[last + 4] = marks[index], sequence
    last = last + 4
  end
  if sequence >= begin then
    window[#window + 1] = ARGV[BEFORE + index]
  end
end
commit(stored, values, added)
in_chunks('HDEL', doomed, 1)
return answer(stored, with_window and window or {}, seen + 1)

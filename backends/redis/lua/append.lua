-- Appends messages, and drops the oldest ones that the writer's window has no room for. A session
-- with history keeps them: they only leave its window. A patch is merged in the same step.
-- ARGV: what every write says; 'window' or ''; how many messages; the messages, as their fields
-- hold them; then the patch, if there is one.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', 'met', {field, 'keys' or 'bytes', how many} if
-- the patch makes too many, {'heavy', how many messages are not new} if the others weigh more than
-- a session with history takes at once, or the attributes, with the window if it was asked for.

--> write
--> commit
--> window
--> messages
--> label
--> patch
--> answer

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

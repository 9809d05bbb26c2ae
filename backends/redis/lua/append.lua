-- Appends messages, and drops the oldest ones that the writer's window has no room for.
-- ARGV: what every write says; 'window' or ''; then the messages, as their fields hold them.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', 'met', or the attributes, with the window if it
-- was asked for.

--> write
--> commit
--> window
--> messages
--> label
--> answer

local with_window = ARGV[8] == 'window'
local BEFORE = 8 -- arguments before the messages
local given = #ARGV - BEFORE

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

local start = given + 1 -- the first message that is new
while start > 1 and not stored[WEIGHT + start - 1] do
  start = start - 1
end

-- A batch that is sent again begins with what is stored, in that order and to the byte; before that
-- may stand what was pruned, if something was. Whatever else is met, the store decides.
if start > 1 then
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
      return 'met'
    end
  end
  if before < 0 then
    return 'met'
  end
  for index, message in ipairs(redis.call('HMGET', key, unpack(names))) do
    if message ~= ARGV[BEFORE + skipped + index] then
      return 'met'
    end
  end
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

-- The oldest go until the rest fits: first of the stored ones, then of the batch itself.
local added = given - start + 1
local offset = following - start -- from an index of the batch to a sequence number
local weight = tonumber(stored[WEIGHT] or '0')
for index = start, given do
  weight = weight + weights[index]
end
-- What was read of the stored messages, and how many of them have gone.
local window, seen = with_window and messages_between(first, following) or {}, 0
local kept_from, doomed = first, {}
local fits_from = most and math.max(following + added - most, first) or first -- by their number
while kept_from < fits_from or (room and weight > room) do
  if kept_from == following + added then
    return 'corrupt' -- the stored weight is too much even without any message
  end
  if kept_from < following then
    if seen == #window then
      local to = math.max(fits_from, kept_from + 1)
      window, seen = messages_between(kept_from, math.min(to, kept_from + CHUNK, following)), 0
    end
    seen = seen + 1
    local id, lost = label(window[seen])
    doomed[#doomed + 1] = string.format('m:%d', kept_from)
    doomed[#doomed + 1] = id and 'i:' .. id
    weight = weight - lost
  else
    weight = weight - weights[kept_from - offset]
  end
  kept_from = kept_from + 1
end

local values = {'first', kept_from, 'next', following + added, 'weight', weight}
for index = math.max(start, kept_from - offset), given do
  local last, sequence = #values, index + offset
  values[last + 1], values[last + 2] = 'm:' .. sequence, ARGV[BEFORE + index]
  values[last + 3], values[last + 4] = marks[index], sequence
  window[#window + 1] = ARGV[BEFORE + index]
end
commit(stored, values, added)
in_chunks('HDEL', doomed, 1)
return answer(stored, with_window and window or {}, seen + 1)

-- ARGV: the demand; 'window' or ''; then the messages, as their fields hold them.
-- Returns why not, 'met', or the info, with the window if it was asked for.
--> common
--> messages
--> label
--> answer
--> chunks

--> demand
local with_window = ARGV[2] == 'window'
local BEFORE = 2 -- the messages

local given = #ARGV - BEFORE
local weights, marks = {}, {}
for index = 1, given do
  local id, weight = label(ARGV[BEFORE + index])
  weights[index] = weight
  marks[index] = 'i:' .. id
end

local stored = fetch('first', 'next', 'weight', unpack(marks))
--> visible

local start = 1
for index = given, 1, -1 do
  if stored[WEIGHT + index] then
    start = index + 1
    break
  end
end
--> window
-- A batch that is sent again begins with what is stored, in that order and to the byte; before that
-- may stand what was pruned, if something was. Whatever else is met, the store decides.
if start > 1 then
  local names, before, skipped = {}, -1, 0
  for index = 1, start - 1 do
    local sequence = tonumber(stored[WEIGHT + index] or '')
    if sequence then
      if sequence <= before or (before < 0 and skipped > 0 and sequence ~= first) then
        return 'met'
      end
      before = sequence
      names[#names + 1] = 'm:' .. stored[WEIGHT + index]
    elseif before < 0 and first and is_whole(stored[MESSAGE_COUNT])
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
  return answer(stored, with_window and messages_from(first, following) or {}, 1)
end
--> writable

-- The oldest go until the rest fits: first of the stored ones, then of the batch itself.
local added = given - start + 1
local offset = following - start -- from an index of the batch to a sequence number
for index = start, given do
  weight = weight + weights[index]
end
local window, seen = {}, 0 -- what was read of the stored messages, and how many of them have gone
if with_window then
  window = messages_from(first, following)
end
local kept_from, doomed = first, {}
local fits_from = most and math.max(following + added - most, first) or first -- by their number
while kept_from < fits_from or (room and weight > room) do
  if kept_from == following + added then
    return 'corrupt' -- the stored weight is too much even without any message
  end
  if kept_from < following then
    if seen == #window then
      local to = math.max(fits_from, kept_from + 1)
      window, seen = messages_from(kept_from, math.min(to, kept_from + CHUNK, following)), 0
    end
    seen = seen + 1
    local id, lost = label(window[seen])
    doomed[#doomed + 1] = 'm:' .. kept_from
    doomed[#doomed + 1] = id and 'i:' .. id
    weight = weight - lost
  else
    weight = weight - weights[kept_from - offset]
  end
  kept_from = kept_from + 1
end

local values = {'first', kept_from, 'next', following + added, 'weight', weight}
for index = math.max(start, kept_from - offset), given do
  local last, message, sequence = #values, ARGV[BEFORE + index], index + offset
  values[last + 1], values[last + 2] = 'm:' .. sequence, message
  values[last + 3], values[last + 4] = marks[index], sequence
  window[#window + 1] = message
end
--> commit
in_chunks('HDEL', doomed, 1)
return answer(stored, with_window and window or {}, seen + 1)

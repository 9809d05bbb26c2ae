-- ARGV goes on: the most messages or '' (any number); the most bytes or '' (the number decides
-- alone); 'window' or ''; then the messages, as their fields hold them.
-- Returns why not, or the info, with the window if it was asked for.

local most, room, with_window = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == 'window'
local BEFORE = 8 -- the messages

local batch, weights, marks = {}, {}, {}
for index = BEFORE + 1, #ARGV do
  local id, size = label(ARGV[index])
  batch[#batch + 1] = ARGV[index]
  weights[#weights + 1] = size
  marks[#marks + 1] = 'i:' .. id
end

local taken = load(marks)
local reason = absence()
if reason then
  return reason
end

local start = 1
for index = #marks, 1, -1 do
  if taken[index] then
    start = index + 1
    break
  end
end
if start > #batch then
  return answer(with_window and values_of(add_messages({}, first or 0, following or 0)) or {})
end

reason = refusal()
if reason then
  return reason
end

-- The oldest go until the rest fits: first of the stored ones, then of the batch itself.
local added = #batch - start + 1
local offset = following - start -- from an index of the batch to a sequence number
local kept_from = first
for index = start, #batch do
  weight = weight + weights[index]
end
local function excess()
  local many = most and following + added - kept_from - most or 0
  return many > 0 and many or (room and weight > room) and 1 or 0
end

local window, seen = {}, 0 -- what was read of the stored messages, and how many of them have gone
if with_window then
  window = values_of(add_messages({}, first, following))
end
local doomed = {}
while excess() > 0 do
  if kept_from < following then
    if seen == #window then
      local to = math.min(kept_from + math.min(excess(), CHUNK), following)
      window, seen = values_of(add_messages({}, kept_from, to)), 0
    end
    seen = seen + 1
    local id, lost = label(window[seen])
    doom(doomed, kept_from, id)
    weight = weight - lost
  else
    weight = weight - weights[kept_from - offset]
  end
  kept_from = kept_from + 1
end

local values = {'first', kept_from, 'next', following + added, 'weight', weight}
local kept = {}
for index = seen + 1, #window do
  kept[#kept + 1] = window[index]
end
for index = math.max(start, kept_from - offset), #batch do
  local sequence = index + offset
  values[#values + 1] = 'm:' .. sequence
  values[#values + 1] = batch[index]
  values[#values + 1] = marks[index]
  values[#values + 1] = sequence
  kept[#kept + 1] = batch[index]
end
commit(values, added)
in_chunks('HDEL', doomed, 1)
return answer(with_window and kept or {})

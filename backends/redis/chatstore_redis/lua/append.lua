-- ARGV goes on: the most messages or '' (any number); the most bytes or '' (the number decides
-- alone); 'window' or ''; then the messages, as their fields hold them.
-- Returns why not, or the answer, with the window if it was asked for.

local most, room, with_window = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == 'window'
local FIRST_MESSAGE = 9

local reason = absence()
if reason then
  return reason
end

local ids, weights = {}, {}
for index = FIRST_MESSAGE, #ARGV do
  ids[index], weights[index] = label(ARGV[index])
end
local marks = {}
for index = FIRST_MESSAGE, #ARGV do
  marks[#marks + 1] = 'i:' .. ids[index]
end
local taken = redis.call('HMGET', key, unpack(marks))
local start = FIRST_MESSAGE
for index = #marks, 1, -1 do
  if taken[index] then
    start = FIRST_MESSAGE + index
    break
  end
end
if start > #ARGV then
  return answer(with_window and first or 0, with_window and following or 0)
end

reason = refusal()
if reason then
  return reason
end

-- The oldest go until the rest fits: first of the stored ones, then of the batch itself.
local added = #ARGV - start + 1
local offset = following - start -- from a message's index in ARGV to its sequence number
local kept_from = first
for index = start, #ARGV do
  weight = weight + weights[index]
end
local doomed = {}
while true do
  local excess = most and following + added - kept_from - most or 0
  if excess <= 0 and not (room and weight > room) then
    break
  end
  if kept_from < following then
    local to = math.min(kept_from + math.max(1, math.min(excess, CHUNK)), following)
    for _, message in ipairs(messages_between(kept_from, to)) do
      local id, lost = label(message)
      doom(doomed, kept_from, id)
      weight = weight - lost
      kept_from = kept_from + 1
    end
  else
    weight = weight - weights[kept_from - offset]
    kept_from = kept_from + 1
  end
end

local values = {'first', digits(kept_from), 'next', digits(following + added), 'weight', digits(weight)}
for index = math.max(start, kept_from - offset), #ARGV do
  local sequence = digits(index + offset)
  values[#values + 1] = 'm:' .. sequence
  values[#values + 1] = ARGV[index]
  values[#values + 1] = 'i:' .. ids[index]
  values[#values + 1] = sequence
end
commit(values, added)
in_chunks('HDEL', doomed, 1)
return answer(kept_from, with_window and following + added or kept_from)

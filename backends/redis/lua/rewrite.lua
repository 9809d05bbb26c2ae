-- Puts a new window in place of the stored one.
-- ARGV: what every write says; how many messages were given; then the new window's fields and
-- values by turns.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', or the attributes.

--> write
--> commit
--> window
--> messages
--> label
--> answer

local BEFORE = 8 -- arguments before the new window

local stored = fetch(key, 'first', 'next', 'weight')
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not then
  return why_not
end

local window = messages_between(first, following)
local old, weights = {}, {}
for index, message in ipairs(window) do
  local id
  id, weights[index] = label(message)
  old[#old + 1] = 'm:' .. first + index - 1
  old[#old + 1] = id and 'i:' .. id
end

-- How many of the stored messages the writer's policy shows.
local seen = 0
for index = #window, 1, -1 do
  if room then
    room = room - weights[index]
  end
  if (room and room < 0) or seen == most then
    break
  end
  seen = seen + 1
end

local new, values = {}, {}
for index = BEFORE + 1, #ARGV, 2 do
  new[ARGV[index]] = true
  values[#values + 1] = ARGV[index]
  values[#values + 1] = ARGV[index + 1]
end
local gone = {}
for _, name in ipairs(old) do
  if not new[name] then
    gone[#gone + 1] = name
  end
end
commit(stored, values, tonumber(ARGV[BEFORE]) - seen)
in_chunks('HDEL', gone, 1)
return answer(stored, {}, 1)

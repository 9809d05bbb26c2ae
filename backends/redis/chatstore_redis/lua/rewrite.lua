-- ARGV: the demand; how many messages were given; then the new window's fields and values by turns.
-- Returns why not, or the info.
--> common
--> messages
--> label
--> answer
--> chunks

--> demand
local BEFORE = 2 -- the new window

local stored = fetch('first', 'next', 'weight')
--> visible
--> window
--> writable

local window = messages_from(first, following)
local old, weights = {}, {}
for index, message in ipairs(window) do
  local id
  id, weights[index] = label(message)
  old[#old + 1] = 'm:' .. first + index - 1
  old[#old + 1] = id and 'i:' .. id
end

-- How many of the stored messages the caller's policy shows.
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
local added = tonumber(ARGV[2]) - seen
--> commit
in_chunks('HDEL', gone, 1)
return answer(stored, {}, 1)

-- ARGV goes on: the most messages or '' (any number); the most bytes or '' (the number decides
-- alone); how many messages were given; then the new window's fields and values by turns.
-- Returns why not, or the info.

local most, room, given = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local FIRST_FIELD = 9

load({})
local reason = absence() or refusal()
if reason then
  return reason
end

local window = values_of(add_messages({}, first, following))
local doomed, weights = {}, {}
for index, message in ipairs(window) do
  local id
  id, weights[index] = label(message)
  doom(doomed, first + index - 1, id)
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
for index = FIRST_FIELD, #ARGV, 2 do
  new[ARGV[index]] = true
  values[#values + 1] = ARGV[index]
  values[#values + 1] = ARGV[index + 1]
end
local gone = {}
for _, name in ipairs(doomed) do
  if not new[name] then
    gone[#gone + 1] = name
  end
end
commit(values, given - seen)
in_chunks('HDEL', gone, 1)
return answer({})

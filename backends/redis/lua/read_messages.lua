-- Returns a page of the messages that are kept of a session: its attributes; by how much the first
-- message of the page stands before the end, and how many are kept; and the messages. Nil if there
-- is no session, 'newer' if its form is not known here.
-- ARGV: 'newest' if they come first, or ''; how many at most; the position behind which to go on, or
-- ''; and how many bytes end a page.

--> key
--> window
--> answer

local PIECE = 25 -- so many are read at a time: they may be large, and the page full

-- The difference of two numbers that are too large to be exact in Lua.
local function difference(one, other)
  local function halves(text)
    return tonumber(string.sub(text, 1, -10)) or 0, tonumber(string.sub(text, -9))
  end
  local one_high, one_low = halves(one)
  local other_high, other_low = halves(other)
  return (one_high - other_high) * 1e9 + one_low - other_low
end

local is_newest_first, limit, after, room = ARGV[1] == 'newest', tonumber(ARGV[2]), ARGV[3], ARGV[4]
room = tonumber(room)
local stored = fetch(key, 'first', 'next', 'weight')
if is_missing(key, stored) then
  return false
end
local first, following = window_of(key, stored)
if following == 'newer' then
  return following
end
local count = stored[MESSAGE_COUNT]
if not first or not is_whole(count) then
  return answer(stored, {0, 0, false}, 1)
end
if stored[HISTORY] then
  first = 0
end

-- The position of the message behind the last one is the count of messages, but never less than
-- what is kept.
if tonumber(count) < following - first then
  count = string.format('%d', following - first)
end
local begin, to, step = first, following - 1, 1
if is_newest_first then
  begin, to, step = following - 1, first, -1
end
if after ~= '' then
  local behind = following + difference(after, count) + step
  begin = step > 0 and math.max(begin, behind) or math.min(begin, behind)
end
local number = math.min(limit, (to - begin) * step + 1)

local messages = {string.format('%d', following - begin), string.format('%d', following - first)}
local read = 0
while read < number and room >= 0 do
  local names = {}
  for index = read, math.min(read + PIECE, number) - 1 do
    names[#names + 1] = string.format('m:%d', begin + index * step)
  end
  for _, message in ipairs(redis.call('HMGET', key, unpack(names))) do
    messages[#messages + 1] = message
    room = room - tonumber(string.match(message or '', '^%d+') or 0)
  end
  read = read + #names
end
return answer(stored, messages, 1)

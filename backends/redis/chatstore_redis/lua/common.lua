-- What most scripts share. Times and counters arrive and leave as text, since Lua's own numbers
-- print as 1e+14 and lose what lies beyond 2^53. Sequence numbers and weights stay far below.
-- Making a function costs a script as much as half a command: what a script needs once stands in
-- it, as a part and not as a function.

local unpack = unpack or table.unpack
local CHUNK = 1000 -- unpack has no room for many more

local function is_whole(text)
  return text and #text < 19 and string.find(text, '^%-?%d+$') ~= nil
end

-- A ttl that is no whole number never lapses: the record is there until it is deleted.
local function is_expired(ttl, now)
  return is_whole(ttl) and tonumber(ttl) <= tonumber(now)
end

-- Times and counters arrive and leave as text: Lua's own numbers print as 1e+14 and lose what lies
-- beyond 2^53. And it reads "inf" and "0x1" as numbers, so what is stored is looked at before.
local function is_whole(text)
  return text and #text < 19 and string.find(text, '^%-?%d+$') ~= nil
end

-- Whether two texts are whole numbers from 0 on. To look for a pattern takes longest of all.
local function are_counts(one, other)
  return #one < 19 and #other < 19 and string.find(one .. ',' .. other, '^%d+,%d+$') ~= nil
end

-- A ttl that is no whole number never lapses: the record is there until it is deleted.
local function is_expired(ttl, now)
  return is_whole(ttl) and tonumber(ttl) <= tonumber(now)
end

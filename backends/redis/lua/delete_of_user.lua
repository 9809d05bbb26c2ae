-- Removes a session of one owner, expired or not.
-- ARGV: now; the owner.
-- Returns 1 if a live session was removed, 0 for an expired one; nil, and nothing is removed, if
-- there is none of that owner.

--> key
--> session
--> numbers

local now, owner = ARGV[1], ARGV[2]
local stored = fetch(key)
if stored[USER_ID] ~= owner then
  return false
end
redis.call('UNLINK', key)
return is_expired(stored[TTL], now) and 0 or 1

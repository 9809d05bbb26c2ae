-- ARGV: now; the owner.
-- Returns 1 if a live session was removed, 0 for an expired one; nil, and nothing is removed, if
-- there is none of that owner.
--> common

local now, owner = unpack(ARGV, 1, 2)
local stored_owner, ttl = unpack(redis.call('HMGET', key, 'userId', 'ttl'))
if stored_owner ~= owner then
  return false
end
redis.call('DEL', key)
return is_expired(ttl, now) and 0 or 1

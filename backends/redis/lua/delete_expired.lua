-- Removes a session if it has expired.
-- ARGV: now.
-- Returns {1 if it was removed, else 0; its owner; its createdAt}; nil if there is none.

--> key
--> session
--> numbers

local now = ARGV[1]
local stored = fetch(key)
local owner, ttl, created_at = stored[USER_ID], stored[TTL], stored[CREATED_AT]
if not owner and not ttl then
  return false
end
if not is_expired(ttl, now) then
  return {0, owner, created_at}
end
redis.call('UNLINK', key)
return {1, owner, created_at}

-- ARGV: now.
-- Returns {1 if the session had expired and was removed, else 0; its owner; its createdAt}; nil if
-- there is none.
--> common

local now = ARGV[1]
local owner, ttl, created_at = unpack(redis.call('HMGET', key, 'userId', 'ttl', 'createdAt'))
if not owner and not ttl then
  return false
end
if not is_expired(ttl, now) then
  return {0, owner, created_at}
end
redis.call('DEL', key)
return {1, owner, created_at}

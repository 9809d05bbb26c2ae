-- ARGV: now; 'overwrite' or ''; the ttl or ''; then fields and values by turns.
-- Returns 1; or 0, and nothing is written, if a live session is there and must stay.
--> common
--> chunks

local now, overwrite, ttl = unpack(ARGV, 1, 3)
local stored_ttl, stored_owner = unpack(redis.call('HMGET', key, 'ttl', 'userId'))
local is_there = stored_owner or redis.call('EXISTS', key) == 1
if is_there and overwrite == '' and not is_expired(stored_ttl, now) then
  return 0
end
-- Once something is written, nothing is refused any more for want of memory, and DEL never is: so
-- the refusal has to come before.
redis.call('HSET', key, 'first', '0')
redis.call('DEL', key)
in_chunks('HSET', ARGV, 4)
--> lease
return 1

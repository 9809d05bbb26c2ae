-- Puts a whole session, which lies under another key of this slot, in place of what lies there.
-- KEYS: where it goes; where it lies.
-- ARGV: now; 'overwrite' or ''; the ttl or ''.
-- Returns 1; 0 if a live session is there and must stay; nil if there is nothing to be put there.

--> session
--> lease

local now, overwrite, ttl = unpack(ARGV, 1, 3)
local stored = fetch(key)
if overwrite == '' and not is_missing(key, stored) and not is_expired(stored[TTL], now) then
  redis.call('UNLINK', KEYS[2])
  return 0
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  return false
end
redis.call('UNLINK', key)
redis.call('RENAME', KEYS[2], key)
lease(ttl, now)
return 1

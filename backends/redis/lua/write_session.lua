-- Writes a whole session in place of what lies there.
-- ARGV: now; 'overwrite' or ''; the ttl or ''; then fields and values by turns.
-- Returns 1; or 0, and nothing is written, if a live session is there and must stay.

--> session
--> in_chunks
--> lease

local now, overwrite, ttl = unpack(ARGV, 1, 3)
local BEFORE = 3 -- arguments before the fields
local stored = fetch(key)
if overwrite == '' and not is_missing(key, stored) and not is_expired(stored[TTL], now) then
  return 0
end
-- Once something is written, nothing is refused any more for want of memory, and UNLINK never is:
-- so the refusal has to come before.
redis.call('HSET', key, 'first', '0')
redis.call('UNLINK', key)
in_chunks('HSET', ARGV, BEFORE + 1)
lease(ttl, now)
return 1

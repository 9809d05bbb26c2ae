-- The part that sets how long the key lasts, from `ttl` and `now`.
-- The day's difference is the reach of a wrong clock that costs space and no data. It is relative:
-- the server's clock may be another than the caller's, and a time in its past would delete at once.
local RECLAIM_AFTER = 86400 -- seconds that a key outlives its session
local LONGEST_LEASE = 1e10 -- three centuries; the server's own bound lies not far beyond

local lease = is_whole(ttl) and math.max(tonumber(ttl) - tonumber(now), 0) + RECLAIM_AFTER
if lease and lease <= LONGEST_LEASE then
  redis.call('EXPIRE', key, lease)
else
  redis.call('PERSIST', key)
end

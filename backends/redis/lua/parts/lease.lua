--> key
--> numbers

-- The day's difference is the reach of a wrong clock that costs space and no data.
local OUTLIVES = 86400 -- seconds that a key outlives its session
local LONGEST_LEASE = 1e10 -- three centuries; the server's own bound lies not far beyond

-- Sets how long the key lasts. The time is relative: the server's clock may be another than the
-- caller's, and a time in its past would delete at once.
local function lease(ttl, now)
  local seconds = is_whole(ttl) and math.max(tonumber(ttl) - tonumber(now), 0) + OUTLIVES
  if seconds and seconds <= LONGEST_LEASE then
    redis.call('EXPIRE', key, seconds)
  else
    redis.call('PERSIST', key)
  end
end

-- Removes a session.
-- ARGV: what every write says.
-- Returns 1 if a live session was removed, 'missing' or 'conflict'.

--> write

local stored = fetch(key)
local why_not = refusal(stored, 0)
if why_not == 'missing' or why_not == 'conflict' then
  return why_not -- what is corrupt can be removed
end
return redis.call('UNLINK', key)

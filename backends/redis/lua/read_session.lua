-- Returns a session's attributes and its window; nil if there is none, 'newer' if its form is not
-- known here.
-- ARGV: how many of the newest messages are wanted, or ''.

--> window
--> messages
--> answer

local most = tonumber(ARGV[1])
local stored = fetch(key, 'first', 'next', 'weight')
if is_missing(key, stored) then
  return false
end
local first, following = window_of(key, stored)
if following == 'newer' then
  return following
end
if not first then
  -- A message that is not there, so that nobody takes the rest for a whole session.
  return answer(stored, {false}, 1)
end
if most then
  first = math.max(first, following - most)
end
return answer(stored, messages_between(first, following), 1)

-- Returns a session's attributes and its window; nil if there is none.

--> window
--> messages
--> answer

local stored = fetch(key, 'first', 'next')
if is_missing(key, stored) then
  return false
end
local first, following = window_of(key, stored)
if not first then
  -- A message that is not there, so that nobody takes the rest for a whole session.
  return answer(stored, {false}, 1)
end
return answer(stored, messages_between(first, following), 1)

-- Returns the info and the window; nil if there is no session.
--> common
--> messages
--> answer

local stored = fetch('first', 'next')
if not stored[USER_ID] and redis.call('EXISTS', key) == 0 then
  return false
end
--> window
if not first then
  -- A message that is not there, so that nobody takes the rest for a whole session.
  return answer(stored, {false}, 1)
end
return answer(stored, messages_from(first, following), 1)

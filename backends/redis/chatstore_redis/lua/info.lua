-- Returns the info; of no session, one without any value.
--> answer

local stored = fetch()
if stored[USER_ID] and not stored[MESSAGE_COUNT] then
  stored = fetch('first', 'next')
  --> common
  --> count
end
return answer(stored, {}, 1)

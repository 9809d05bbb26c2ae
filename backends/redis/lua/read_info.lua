-- Returns the attributes of each session; of one that is not there, values that are missing.

--> window
--> answer

local answers = {}
for index, key in ipairs(KEYS) do
  local stored = fetch(key)
  if stored[USER_ID] and not stored[MESSAGE_COUNT] then
    stored = fetch(key, 'first', 'next')
    window_of(key, stored) -- counts its messages
  end
  answers[index] = answer(stored, {}, 1)
end
return answers

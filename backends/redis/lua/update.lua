-- Merges patches into the preferences and the metadata, and sets the status.
-- ARGV: what every write says; the patch.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', or {field, 'keys' or 'bytes', how many} if
-- there would be too many, or the attributes.

--> write
--> commit
--> window
--> patch
--> answer

local stored = fetch(key, 'first', 'next', 'weight')
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not then
  return why_not
end
local values = {}
why_not = patch_into(stored, values, 8)
if why_not then
  return why_not
end
commit(stored, values, nil)
return answer(stored, {}, 1)

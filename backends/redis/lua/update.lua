-- Merges patches into the preferences and the metadata, and sets the status.
-- ARGV: what every write says; the new status or ''; the number of names in the patch of the
-- preferences; then names and values by turns, of the preferences and after them of the metadata.
-- An empty value removes its name.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', or {field, number of keys} if there would be too
-- many, or the attributes.

--> write
--> commit
--> window
--> answer

local status, preferences = ARGV[8], tonumber(ARGV[9])
local FIRST_NAME = 10
local MOST_KEYS = 32

-- The packed entries of a field with the patch merged in, their number, and whether one was added;
-- nothing if what is stored are no entries.
local function merged(packed, from, to)
  local patch = {}
  for index = from, to, 2 do
    patch[ARGV[index]] = ARGV[index + 1]
  end
  local entries, had = {}, {}
  -- Not by a pattern: one that does not fit is tried again at each character.
  packed = packed or ''
  local place = 1
  while place <= #packed do
    local middle = string.find(packed, '\0', place, true)
    local last = middle and string.find(packed, '\0', middle + 1, true)
    if not last then
      return nil
    end
    local name = string.sub(packed, place, middle - 1)
    had[name] = true
    if not patch[name] then
      entries[#entries + 1] = string.sub(packed, place, last)
    end
    place = last + 1
  end
  local is_longer = false
  for index = from, to, 2 do
    local name, value = ARGV[index], ARGV[index + 1]
    if value ~= '' then
      entries[#entries + 1] = name .. '\0' .. value .. '\0'
      is_longer = is_longer or not had[name]
    end
  end
  return table.concat(entries), #entries, is_longer
end

local stored = fetch(key, 'first', 'next', 'weight')
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not then
  return why_not
end

local values = {}
local last = FIRST_NAME + 2 * preferences - 1
local patches = {
  {'userPreferences', USER_PREFERENCES, FIRST_NAME, last},
  {'metadata', METADATA, last + 1, #ARGV},
}
for _, patch in ipairs(patches) do
  local field, place, from, to = unpack(patch)
  if from <= to then
    local text, number, is_longer = merged(stored[place], from, to)
    if not text then
      return 'corrupt'
    end
    if is_longer and number > MOST_KEYS then
      return {field, number}
    end
    values[#values + 1] = field
    values[#values + 1] = text
    stored[place] = text
  end
end
if status ~= '' then
  values[#values + 1] = 'sessionStatus'
  values[#values + 1] = status
  stored[SESSION_STATUS] = status
end
commit(stored, values, nil)
return answer(stored, {}, 1)

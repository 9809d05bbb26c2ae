-- ARGV goes on: the new status or ''; the number of names in the patch of the preferences; then
-- names and values by turns, of the preferences and after them of the metadata. An empty value
-- removes its name.
-- Returns why not, or {field, number of keys} if there would be too many, or the
-- info.

local status, preferences = ARGV[6], tonumber(ARGV[7])
local FIRST_NAME = 8
local MOST_KEYS = 32

-- The packed entries of a field with the patch merged in, their number, and whether one was added.
local function merged(packed, from, to)
  local patch = {}
  for index = from, to, 2 do
    patch[ARGV[index]] = ARGV[index + 1]
  end
  local entries, had = {}, {}
  for name, value in string.gmatch(packed or '', '([^%z]*)%z([^%z]*)%z') do
    had[name] = true
    if not patch[name] then
      entries[#entries + 1] = name .. '\0' .. value .. '\0'
    end
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

load({})
local reason = absence() or refusal()
if reason then
  return reason
end

local values = {}
local last = FIRST_NAME + 2 * preferences - 1
local parts = {{'userPreferences', FIRST_NAME, last}, {'metadata', last + 1, #ARGV}}
for _, part in ipairs(parts) do
  local field, from, to = unpack(part)
  if from <= to then
    local text, number, is_longer = merged(stored[field], from, to)
    if is_longer and number > MOST_KEYS then
      return {field, number}
    end
    values[#values + 1] = field
    values[#values + 1] = text
    stored[field] = text
  end
end
if status ~= '' then
  values[#values + 1] = 'sessionStatus'
  values[#values + 1] = status
  stored.sessionStatus = status
end
commit(values, nil)
return answer({})

--> write

local MOST_KEYS = 256
local MOST_MAP_BYTES = 32768

-- Merges a patch into what is stored and into `values`, the fields and values to be written. In
-- ARGV, from an index on: the new status or ''; the number of names in the patch of the
-- preferences; then names and values by turns, of the preferences and after them of the metadata.
-- Why that can't be, or nothing: 'corrupt', or {the field, 'keys' or 'bytes', how many}. What it
-- is made of is inside: a function takes time, and few writes have a patch.
local function patch_into(stored, values, start)
  -- The stored size of JSON texts that stand one after another: what a text, a number or a word is in
  -- bytes, one more for a number and for each entry of a list or an object, and three more for these.
  local function json_size(texts)
    -- A letter in the place of each escape: then no quote is left inside a text.
    local rest = string.gsub(texts, '\\\\', 'x')
    rest = string.gsub(rest, '\\u%x%x%x%x', 'x')
    rest = string.gsub(rest, '\\.', 'x')
    local function count(pattern, replacement)
      local before, number = #rest, nil
      rest, number = string.gsub(rest, pattern, replacement)
      return number, before - #rest -- by how much it became shorter
    end
    local texts_number, texts_bytes = count('"[^"]*"', 'x')
    rest = string.gsub(rest .. '\0', 'e%-(%d%D)', 'e-0%1') -- as Python writes it
    local numbers, digits = count('[-%d][-+.eE%d]*', '#')
    local words = count('[tfn]%a+', 'x')
    local empty = count('%[%]', '') + count('{}', '')
    local filled = count('[%[{]', '')
    local commas = count(',', '')
    return texts_bytes - texts_number + digits + 2 * numbers + words + 3 * empty + 4 * filled + commas
  end

  -- The names and the values of packed entries; nothing if what is stored are none.
  local function unpacked(packed)
    local names, values = {}, {}
    -- Not by a pattern: one that does not fit is tried again at each character.
    local place = 1
    while place <= #packed do
      local middle = string.find(packed, '\0', place, true)
      local last = middle and string.find(packed, '\0', middle + 1, true)
      if not last then
        return nil
      end
      names[#names + 1] = string.sub(packed, place, middle - 1)
      values[#values + 1] = string.sub(packed, middle + 1, last - 1)
      place = last + 1
    end
    return names, values
  end

  -- The stored size of entries.
  local function size_of(names, values)
    return #table.concat(names) + json_size(table.concat(values, '\0'))
  end

  -- Packed entries with the names and values merged in that stand in ARGV by turns; an empty value
  -- removes its name. Nothing, and the reason, if what is stored are no entries, or if there would be
  -- more keys or bytes than there may be: then with their number.
  local function merged(packed, from, to)
    local names, values = unpacked(packed)
    if not names then
      return nil, 'corrupt'
    end
    local patch, had, new_names, new_values, packed_new = {}, {}, {}, {}, {}
    local function keep(name, value)
      local place = #new_names + 1
      new_names[place], new_values[place] = name, value
      packed_new[place] = name .. '\0' .. value .. '\0'
    end
    for index = from, to, 2 do
      patch[ARGV[index]] = ARGV[index + 1]
    end
    for index, name in ipairs(names) do
      had[name] = true
      if not patch[name] then
        keep(name, values[index])
      end
    end
    local is_longer = false
    for index = from, to, 2 do
      if ARGV[index + 1] ~= '' then
        keep(ARGV[index], ARGV[index + 1])
        is_longer = is_longer or not had[ARGV[index]]
      end
    end
    if is_longer and #new_names > MOST_KEYS then
      return nil, {'keys', #new_names}
    end
    local text = table.concat(packed_new)
    -- No text of JSON stands for more than twice as many bytes.
    if 2 * #text > MOST_MAP_BYTES then
      local size = size_of(new_names, new_values)
      if size > MOST_MAP_BYTES and size > size_of(names, values) then
        return nil, {'bytes', size}
      end
    end
    return text
  end

  local status, first_name = ARGV[start], start + 2
  local last = first_name + 2 * tonumber(ARGV[start + 1]) - 1
  local patches = {
    {'userPreferences', USER_PREFERENCES, first_name, last},
    {'metadata', METADATA, last + 1, #ARGV},
  }
  for _, patch in ipairs(patches) do
    local field, place, from, to = unpack(patch)
    if from <= to then
      local text, reason = merged(stored[place] or '', from, to)
      if not text then
        return reason == 'corrupt' and reason or {field, unpack(reason)}
      end
      stored[place] = text
      values[#values + 1] = field
      values[#values + 1] = text
    end
  end
  if status ~= '' then
    stored[SESSION_STATUS] = status
    values[#values + 1] = 'sessionStatus'
    values[#values + 1] = status
  end
  return nil
end

-- Puts messages in the place of what the writer's policy shows of the window, or of all that is
-- kept.
-- ARGV: what every write says; 'whole' or ''; how many messages were given; how many of them the
-- writer's policy keeps; then the newest of them, as their fields hold them: so many at least, and
-- all if a session with history may take them.
-- Returns 'missing', 'conflict', 'newer', 'corrupt', {'window', of a session with history} if they
-- are too many or too heavy for it, or the attributes, with the older messages of the new window.

--> write
--> commit
--> window
--> messages
--> label
--> answer

local is_whole_rewrite, given, kept = ARGV[8] == 'whole', tonumber(ARGV[9]), tonumber(ARGV[10])
local BEFORE = 10 -- arguments before the messages

local stored = fetch(key, 'first', 'next', 'weight')
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not then
  return why_not
end
local history = tonumber(stored[HISTORY] or '')

-- What was looked at of the stored messages, by their sequence numbers.
local messages, ids, weights = {}, {}, {}
local function look_at(from, to)
  for index, message in ipairs(messages_between(from, to)) do
    local sequence = from + index - 1
    messages[sequence] = message
    ids[sequence], weights[sequence] = label(message)
  end
end

-- How many messages are replaced: what the writer is shown, or all.
local replaced = history and following or following - first
if not (history and is_whole_rewrite) then
  look_at(first, following)
end
if not is_whole_rewrite then
  local shown = 0
  while shown < following - first and shown ~= most do
    room = room and room - weights[following - shown - 1]
    if room and room < 0 then
      break
    end
    shown = shown + 1
  end
  replaced = shown
end

-- The new messages, and where they go: into the place of those that are replaced, or, where nothing
-- is kept before them, to the beginning.
local taken = history and given or kept
local start = history and following - replaced or 0
local new_ids, new_weights, weight = {}, {}, 0
for index = 1, taken do
  new_ids[index], new_weights[index] = label(ARGV[#ARGV - taken + index])
  weight = weight + new_weights[index]
end
if history and not is_whole_rewrite and (given > history or weight > HISTORY_BYTES) then
  return {'window', history}
end

-- Where the new window begins. Older messages may slide into one with history.
local begin = start
if history then
  begin, weight = start + taken, 0
  while begin > 0 and start + taken - begin < history do
    local sequence = begin - 1
    if sequence < start and not messages[sequence] then
      look_at(math.max(begin - history, 0), begin)
    end
    local heavier = weight + (new_weights[begin - start] or weights[sequence] or 0)
    if heavier > HISTORY_BYTES then
      break
    end
    begin, weight = sequence, heavier
  end
end

local values = {
  'first', begin,
  'next', start + taken,
  'weight', history and MARK .. weight or weight,
}
local is_written, older = {}, {}
local function write(name, value)
  is_written[name] = true
  values[#values + 1] = name
  values[#values + 1] = value
end
for sequence = begin, start - 1 do
  older[#older + 1] = messages[sequence] or false
  if ids[sequence] then
    write('i:' .. ids[sequence], sequence) -- a later message may have had it
  end
end
for index = 1, taken do
  write(string.format('m:%d', start + index - 1), ARGV[#ARGV - taken + index])
  write('i:' .. new_ids[index], start + index - 1)
end

local gone = {}
if history and is_whole_rewrite then
  -- To name what is gone would take reading all of it. If memory is short, that is refused before
  -- anything is removed.
  redis.call('HSET', key, 'first', '0')
  redis.call('UNLINK', key)
  for index, name in ipairs({'userId', 'createdAt', 'sessionId', 'updatedAt', 'sessionStatus',
      'creationId', 'ttl', 'messageCount', 'version', 'userPreferences', 'metadata', 'unknown',
      'history'}) do
    if stored[index] then
      write(name, stored[index])
    end
  end
else
  for sequence = history and start or first, following - 1 do
    local name, mark = string.format('m:%d', sequence), ids[sequence] and 'i:' .. ids[sequence]
    gone[#gone + 1] = not is_written[name] and name or nil
    gone[#gone + 1] = mark and not is_written[mark] and mark or nil
  end
end
commit(stored, values, given - replaced)
in_chunks('HDEL', gone, 1)
return answer(stored, older, 1)

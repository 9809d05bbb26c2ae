-- Puts a message in the place of the one with its id, if that is in the window.
-- ARGV: what every write says; the message, as its field holds it; and the field that the store has
-- found to say something else, or ''.
-- Returns 'missing', 'newer', 'unknown' if no such message is in the window, {the stored field, the
-- attributes and the window} if it may say the same, 'conflict', 'corrupt', {'heavy', of a session
-- with history, what the window weighs, what the stored message weighs} if there is no room, or the
-- attributes with the window.

--> write
--> commit
--> window
--> messages
--> label
--> answer

local message, other = ARGV[8], ARGV[9]
local id, weight = label(message)
local mark = 'i:' .. id
local stored = fetch(key, 'first', 'next', 'weight', mark)
local first, following = window_of(key, stored)
local why_not = refusal(stored, first, following)
if why_not == 'missing' or why_not == 'newer' then
  return why_not
end
local sequence = tonumber(stored[WEIGHT + 1] or '')
if not stored[WEIGHT + 1] or (first and sequence and sequence < first) then
  return 'unknown'
end
if not first or not sequence or sequence >= following then
  return 'corrupt'
end

-- Whether a message's text may be chatstore's own. Another program may tell a time or a number in
-- another way, or write what is nothing.
local function is_normal(text)
  return string.find(text, '"timestamp":"%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%d%d%d%dZ"')
    and not string.find(text, '[:,%[]%-?%d+%.%d*0[,%]}]')
    and not string.find(text, '[:,%[]%-?[%d%.]+[eE]') and not string.find(text, ':null')
end

-- What says the same has the same size, if chatstore has written it.
local name = 'm:' .. stored[WEIGHT + 1]
local old = redis.call('HGET', key, name)
local old_id, old_weight = label(old)
if old ~= other and (old_id ~= id or old_weight == weight or not is_normal(old)) then
  return {old, answer(stored, messages_between(first, following), 1)}
end
if why_not then
  return why_not
end

local total = tonumber(stored[WEIGHT] or '0')
if stored[HISTORY] then
  room = HISTORY_BYTES
end
if weight > old_weight and total - old_weight + weight > (room or HISTORY_BYTES) then
  return {'heavy', stored[HISTORY], total, old_weight}
end
total = total - old_weight + weight
commit(stored, {name, message, 'weight', stored[HISTORY] and MARK .. total or total}, nil)
return answer(stored, messages_between(first, following), 1)

--> session
--> numbers
--> chunk

-- A session with history is stored in the second form: its number stands before the weight, as in
-- '2:348'. Who knows the first form alone takes that for no number, and does not write.
local FORM, MARK = '2', '2:'
local HISTORY_BYTES = 336000 -- what the window of a session with history may weigh

-- Where the window stands: the sequence number of its first message, and the one behind its last.
-- Nothing, and why, if the form is not known here, or that can't be true. The weight becomes the
-- number alone. Beyond 2^53 counting up never ends: so a range is gone through only if it can be
-- counted and the record has as many fields, which is not worth asking below a chunk. Where another
-- service wrote no count of messages, it is the window's length.
local function window_of(key, stored)
  local first, following, weight = stored[FIRST] or '0', stored[NEXT] or '0', stored[WEIGHT]
  local form = weight and string.find(weight, ':', 1, true) and string.match(weight, '^(%d+):')
  if form and form ~= FORM then
    return nil, 'newer'
  end
  if stored[HISTORY] or form then
    if not form or not is_whole(stored[HISTORY]) then
      return nil, 'corrupt'
    end
    stored[WEIGHT] = string.sub(weight, #MARK + 1)
  end
  if are_counts(first, following) then
    first, following = tonumber(first), tonumber(following)
    local length = following - first
    if length >= 0 and following <= 1e15
        and (length <= CHUNK or length <= redis.call('HLEN', key)) then
      if not stored[MESSAGE_COUNT] then
        stored[MESSAGE_COUNT] = string.format('%d', stored[HISTORY] and following or length)
      end
      return first, following
    end
  end
  return nil, 'corrupt'
end

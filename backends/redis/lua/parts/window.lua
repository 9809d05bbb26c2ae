--> session
--> numbers
--> chunk

-- A session in another form than the first has its number before the weight, as in '2:348'. Who
-- knows the first alone takes that for no number, and does not write.
local FORMAT = 1

-- Where the window stands: the sequence number of its first message, and the one behind its last.
-- Nothing, and why, if its form is not known here, or that can't be true. Beyond 2^53 counting up never ends: so a range is gone through
-- only if it can be counted and the record has as many fields, which is not worth asking below a
-- chunk. Where another service wrote no count of messages, it is the window's length.
local function window_of(key, stored)
  local first, following = stored[FIRST] or '0', stored[NEXT] or '0'
  local format = string.match(stored[WEIGHT] or '', '^(%d+):')
  if format and tonumber(format) > FORMAT then
    return nil, 'newer'
  end
  if is_whole(first) and is_whole(following) then
    first, following = tonumber(first), tonumber(following)
    local length = following - first
    if first >= 0 and length >= 0 and following <= 1e15
        and (length <= CHUNK or length <= redis.call('HLEN', key)) then
      if not stored[MESSAGE_COUNT] then
        stored[MESSAGE_COUNT] = string.format('%.0f', length)
      end
      return first, following
    end
  end
  return nil, 'corrupt'
end

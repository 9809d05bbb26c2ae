--> key
--> chunk

-- The fields of the messages with these sequence numbers, the last one excluded; false where
-- there is none.
local function messages_between(first, following)
  local messages = {}
  for start = first, following - 1, CHUNK do
    local names = {}
    for sequence = start, math.min(start + CHUNK, following) - 1 do
      names[sequence - start + 1] = string.format('m:%d', sequence)
    end
    local chunk = redis.call('HMGET', key, unpack(names))
    if following - first <= CHUNK then
      return chunk
    end
    for _, message in ipairs(chunk) do
      messages[#messages + 1] = message
    end
  end
  return messages
end

-- The stored messages with these sequence numbers; false where there is none.
local function messages_from(from, to)
  local messages = {}
  for start = from, to - 1, CHUNK do
    local names = {}
    for sequence = start, math.min(start + CHUNK, to) - 1 do
      names[#names + 1] = 'm:' .. sequence
    end
    local chunk = redis.call('HMGET', key, unpack(names))
    if to - from <= CHUNK then
      return chunk
    end
    for _, message in ipairs(chunk) do
      messages[#messages + 1] = message
    end
  end
  return messages
end

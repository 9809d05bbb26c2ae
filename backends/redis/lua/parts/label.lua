-- The id and the weight of a message, from its field; nil and 0 for what is not one.
local function label(message)
  local size, id = string.match(message or '', '^(%d+)%z(%Z+)%z')
  if not size or #size > 15 then
    return nil, 0
  end
  return id, tonumber(size) + #id + 2
end

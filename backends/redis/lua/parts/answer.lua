--> session

-- The attributes, which stand first in `stored`, and messages from an index on, as one text,
-- which a client takes apart far faster than a list: their number, then the values. Between them,
-- and for one that is missing, stand bytes that occur in no UTF-8.
local function answer(stored, messages, from)
  for index = 1, ATTRIBUTES do
    stored[index] = stored[index] or '\254'
  end
  local last = ATTRIBUTES
  for index = from, #messages do
    last = last + 1
    stored[last] = messages[index] or '\254'
  end
  stored[0] = last
  return table.concat(stored, '\255', 0, last)
end

-- The part that counts the messages of a session where another service wrote no count. It takes
-- `stored`, from `fetch('first', 'next')`.

if not stored[MESSAGE_COUNT] then
  local first, following = tonumber(stored[FIRST] or '0'), tonumber(stored[NEXT] or '0')
  stored[MESSAGE_COUNT] = first and following and string.format('%.0f', following - first)
end

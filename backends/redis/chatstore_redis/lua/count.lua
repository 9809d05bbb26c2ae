-- The part that counts the messages of a session where another service wrote no count. It takes
-- `stored`, from `fetch('first', 'next')`.

if not stored[MESSAGE_COUNT] then
  --> window
  stored[MESSAGE_COUNT] = first and string.format('%.0f', following - first)
end

-- The part that ends a write on a session at another version than `if_version` ('' for any), and on
-- one that can't be counted on. It leaves the window's numbers as numbers.

if if_version ~= '' and if_version ~= (stored[VERSION] or '0') then
  return 'conflict'
end
local first, following = tonumber(stored[FIRST] or '0'), tonumber(stored[NEXT] or '0')
local weight = tonumber(stored[WEIGHT] or '0')
if (stored[VERSION] and not is_whole(stored[VERSION]))
    or (stored[MESSAGE_COUNT] and not is_whole(stored[MESSAGE_COUNT]))
    or not (first and following and weight) then
  return 'corrupt'
end

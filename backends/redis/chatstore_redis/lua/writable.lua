-- The part that ends a write on a session at another version than `if_version` ('' for any), and on
-- one that can't be counted on. It takes `first` from the part `window`, and leaves the weight as a
-- number.

if if_version ~= '' and if_version ~= (stored[VERSION] or '0') then
  return 'conflict'
end
local weight = is_whole(stored[WEIGHT] or '0') and tonumber(stored[WEIGHT] or '0')
if (stored[VERSION] and not is_whole(stored[VERSION]))
    or (stored[MESSAGE_COUNT] and not is_whole(stored[MESSAGE_COUNT]))
    or not (first and weight) then
  return 'corrupt'
end

-- The part that reads where the window stands, from `stored`: `first` and `following`, as numbers;
-- both are nil if that can't be true. Fields may hold anything, and Lua reads "inf", "nan" and "0x1"
-- as numbers, and counts from 2^53 without end: so a range is gone through only if it can be counted
-- and the record has as many fields. Below a chunk it is not worth asking how many those are.

local first, following = stored[FIRST] or '0', stored[NEXT] or '0'
if is_whole(first) and is_whole(following) then
  first, following = tonumber(first), tonumber(following)
  if first < 0 or following < first or following > 1e15
      or (following - first > CHUNK and following - first > redis.call('HLEN', key)) then
    first, following = nil, nil
  end
else
  first, following = nil, nil
end

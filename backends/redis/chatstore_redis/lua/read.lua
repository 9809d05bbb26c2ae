-- Returns the answer, with the window; nil if there is no session.

local first, following = unpack(redis.call('HMGET', key, 'first', 'next'))
local size = redis.call('HLEN', key)
if size == 0 then
  return false
end
first, following = tonumber(first or '0'), tonumber(following or '0')
if not (first and following and following - first < size) then
  -- A message that is not there, so that nobody takes the rest for a session.
  return answer(-1, 0)
end
return answer(first, following)

-- Returns the info and the window; nil if there is no session.

local first, following, owner = unpack(redis.call('HMGET', key, 'first', 'next', 'userId'))
if not owner and redis.call('EXISTS', key) == 0 then
  return false
end
first, following = tonumber(first or '0'), tonumber(following or '0')
if not (first and following) or following - first > redis.call('HLEN', key) then
  -- A message that is not there, so that nobody takes the rest for a whole session.
  first, following = -1, 0
end
return joined(values_of(add_messages({unpack(INFO_FIELDS)}, first, following)))

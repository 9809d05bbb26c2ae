-- Calls each command that the scripts and the store need, on a key that nobody has, in a way that
-- writes nothing: what is missing stays missing, and a write is sent with an argument that the
-- command refuses once it is allowed.
-- Returns the first error that is not such a refusal, else ''.
local key = KEYS[1]
local calls = {
  {'HMGET', key, 'a'},
  {'HGET', key, 'a'},
  {'HLEN', key},
  {'EXISTS', key},
  {'ZRANGE', key, '-', '+', 'BYLEX'},
  {'HDEL', key, 'a'},
  {'DEL', key},
  {'EXPIRE', key, '60'},
  {'PERSIST', key},
  {'ZREM', key, 'a'},
  {'ZADD', key, 'XX', '0', 'a'},
  {'HSET', key, 'a', 'b', 'no value'},
  {'HINCRBY', key, 'a', 'no number'},
}
for _, call in ipairs(calls) do
  local answer = redis.pcall(unpack(call))
  if type(answer) == 'table' and answer.err and not string.find(answer.err, 'wrong number of arg')
      and not string.find(answer.err, 'not an integer') then
    return call[1] .. ': ' .. answer.err
  end
end
return ''

-- Generated from backends/redis/lua/ping.lua, which is the one to change.
-- Calls each command that the scripts and the store need, on a key that nobody has, in a way that
-- writes nothing: what is missing stays missing, and a write is sent with an argument that the
-- command refuses once it is allowed.
-- Returns the first command and error that is not such a refusal, else ''.
local key = KEYS[1]
local calls = {
  {'HMGET', key, 'a'},
  {'HGET', key, 'a'},
  {'HLEN', key},
  {'EXISTS', key},
  {'ZRANGE', key, '-', '+', 'BYLEX'},
  {'HDEL', key, 'a'},
  {'UNLINK', key},
  {'RENAME', key, key},
  {'EXPIRE', key, '60'},
  {'PERSIST', key},
  {'ZREM', key, 'a'},
  {'ZADD', key, 'XX', '0', 'a'},
  {'HSET', key, 'a', 'b', 'no value'},
  {'HINCRBY', key, 'a', 'no number'},
}
for _, call in ipairs(calls) do
  local answer = redis.pcall(unpack(call))
  local refusal = type(answer) == 'table' and answer.err and tostring(answer.err)
  if refusal and not string.find(refusal, '[Ww]rong number of arg')
      and not string.find(refusal, 'not an integer')
      and not string.find(refusal, 'no such key') then
    return call[1] .. ' ' .. refusal
  end
end
return ''

-- Generated from backends/redis/lua/cache_bury.lua, which is the one to change.
-- Puts a tombstone in the place of whatever is there. A server that is full takes it too: deleting
-- comes first, and after it nothing is refused.
-- ARGV: form; lapse in microseconds.
-- Returns 1, and the time here, in microseconds.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'form', ARGV[1], 'since', string.format('%.0f', now))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', math.floor((now + ARGV[2]) / 1000)))
return { 1, string.format('%.0f', now) }

-- chatstore.caching.met, in one step: a snapshot or a marker comes to what is there.
-- ARGV: form; life; version; lapse and a tombstone's lapse in milliseconds; a snapshot's body.
-- Returns 1 if it stays; 0 if it was refused, or a tombstone was left.

local key = KEYS[1]
local unpack = unpack or table.unpack
local form, life, version, lapse, tombstone_lapse, body = unpack(ARGV)

local kind = redis.call('TYPE', key).ok
if kind ~= 'none' then
  local there = kind == 'hash' and redis.call('HMGET', key, 'form', 'life', 'version') or {}
  if there[1] == form and not there[2] then
    return 0 -- a tombstone, whose lapse is not renewed
  end
  local known = tonumber(there[3] or '')
  if there[1] ~= form or there[2] ~= life or not known then
    redis.call('DEL', key)
    redis.call('HSET', key, 'form', form)
    redis.call('PEXPIRE', key, tombstone_lapse)
    return 0
  end
  if tonumber(version) < known or (tonumber(version) == known and not body) then
    return 0
  end
end
if body then
  -- Nothing is deleted before: a server that is full must be able to refuse this.
  redis.call('HSET', key, 'form', form, 'life', life, 'version', version, 'body', body)
else
  -- Deleting makes room first: this must get through.
  redis.call('DEL', key)
  redis.call('HSET', key, 'form', form, 'life', life, 'version', version)
end
redis.call('PEXPIRE', key, lapse)
return 1

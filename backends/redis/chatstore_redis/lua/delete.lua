-- ARGV: the demand.
-- Returns 1 if a live session was removed, or why not.
--> common

--> demand
local stored_owner, ttl, version = unpack(redis.call('HMGET', key, 'userId', 'ttl', 'version'))
if (not stored_owner and redis.call('EXISTS', key) == 0) or is_expired(ttl, now)
    or (owner ~= '' and owner ~= stored_owner) then
  return 'missing'
end
if if_version ~= '' and if_version ~= (version or '0') then
  return 'conflict'
end
return redis.call('DEL', key)

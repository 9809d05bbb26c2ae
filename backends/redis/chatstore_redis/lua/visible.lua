-- The part that ends a write on a session that the caller must not see. It takes `stored`, from
-- `fetch('first', 'next')`; `now`; and `owner` or ''.

if not stored[USER_ID] and redis.call('EXISTS', key) == 0 then
  return 'missing'
end
if is_expired(stored[TTL], now) or (owner ~= '' and owner ~= stored[USER_ID]) then
  return 'missing'
end
--> count

-- Puts a tombstone in the place of whatever is there. A server that is full takes it too: deleting
-- comes first, and after it nothing is refused.
-- ARGV: form; lapse in milliseconds.

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'form', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1

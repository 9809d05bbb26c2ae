-- chatstore.cache.protocol.arrived and met, in one step: a snapshot or a marker comes to what is there.
-- ARGV: form; life; version; lapse in microseconds; "1" if its sender wrote this version; for a
-- snapshot also when it was asked for, in microseconds by this server's clock ("" where the sender
-- can't tell), and its body.
-- Returns 1 if it stays as what it is and 0 if not; and the time here, in microseconds.

local key = KEYS[1]
local form, life, version, lapse, wrote, asked, body = unpack(ARGV)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local answer = { 0, string.format('%.0f', now) }

-- Leaves a key that lapses after a full lapse; of a snapshot, counted from its question.
local function lapses(from)
  redis.call('PEXPIREAT', key, string.format('%.0f', math.floor((from + lapse) / 1000)))
end

local function leave_tombstone()
  redis.call('DEL', key)
  redis.call('HSET', key, 'form', form, 'since', string.format('%.0f', now))
  lapses(now)
end

asked = tonumber(asked or '')
if body and not (asked and asked <= now and now < asked + lapse / 2) then
  if wrote ~= '1' then
    return answer -- too late, and nothing new
  end
  body = nil -- too late to be an answer, and still a marker
end

local kind, since = redis.call('TYPE', key).ok, nil
if kind ~= 'none' then
  local fields = { 'form', 'life', 'version', 'since' }
  local there = kind == 'hash' and redis.call('HMGET', key, unpack(fields)) or {}
  local known = tonumber(there[3] or '')
  since = tonumber(there[4] or '')
  if there[1] == form and since then
    if not (body and asked > since) then
      if wrote == '1' then
        leave_tombstone()
      end
      return answer
    end
  elseif there[1] ~= form or there[2] ~= life or not known then
    leave_tombstone()
    return answer
  elseif tonumber(version) < known or (tonumber(version) == known and not body) then
    return answer
  end
end
if body then
  -- Nothing is deleted before: a server that is full must be able to refuse this.
  redis.call('HSET', key, 'form', form, 'life', life, 'version', version, 'body', body)
  if since then
    redis.call('HDEL', key, 'since')
  end
  lapses(asked)
else
  -- Deleting makes room first: this must get through.
  redis.call('DEL', key)
  redis.call('HSET', key, 'form', form, 'life', life, 'version', version)
  lapses(now)
end
-- A snapshot that could only be left as a marker did not stay.
answer[1] = (body or #ARGV == 5) and 1 or 0
return answer

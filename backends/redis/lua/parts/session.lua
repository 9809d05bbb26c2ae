-- Where the attributes of a session stand in what `fetch` returns, and behind them, in most
-- scripts, what else they ask for.
local USER_ID, CREATED_AT, SESSION_ID, UPDATED_AT, SESSION_STATUS, CREATION_ID = 1, 2, 3, 4, 5, 6
local TTL, MESSAGE_COUNT, VERSION, USER_PREFERENCES, METADATA, UNKNOWN = 7, 8, 9, 10, 11, 12
local HISTORY = 13
local ATTRIBUTES = 13
local FIRST, NEXT, WEIGHT = 14, 15, 16

-- The values of a session's attributes, and behind them those of other fields; false where there is
-- none.
local function fetch(key, ...)
  return redis.call('HMGET', key, 'userId', 'createdAt', 'sessionId', 'updatedAt', 'sessionStatus',
    'creationId', 'ttl', 'messageCount', 'version', 'userPreferences', 'metadata', 'unknown',
    'history', ...)
end

-- Whether there is no session at all. One may lack its owner, if another program wrote it.
local function is_missing(key, stored)
  return not stored[USER_ID] and redis.call('EXISTS', key) == 0
end

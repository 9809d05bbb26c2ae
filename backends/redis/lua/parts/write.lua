--> key
--> session
--> numbers
--> chunk

-- What every write says of itself, in the first arguments of its script: `now`, in seconds; the
-- `owner` that the session must have, or ''; the version that it must have, or ''; the new
-- updatedAt; the new ttl, '' for none, or 'keep'; and the bounds of the writer's window, by its
-- messages' number and by their weight, each '' where it does not decide.
local now, owner, if_version, updated_at, renewal, most, room = unpack(ARGV, 1, 7)
most, room = tonumber(most), tonumber(room)

-- Why the session can't be written to: the writer may not know of it, it is at another version, or
-- it holds what can't be counted on. Nothing if it can. `first` is where its window begins; if that
-- is not known, `reason` says why.
local function refusal(stored, first, reason)
  local version, count = stored[VERSION], stored[MESSAGE_COUNT]
  if is_missing(key, stored) or is_expired(stored[TTL], now)
      or (owner ~= '' and owner ~= stored[USER_ID]) then
    return 'missing'
  end
  if if_version ~= '' and if_version ~= (version or '0') then
    return 'conflict'
  end
  if not first then
    return reason
  end
  if not are_counts(version or '0', count or '0') or not is_whole(stored[WEIGHT] or '0') then
    return 'corrupt'
  end
  return nil
end

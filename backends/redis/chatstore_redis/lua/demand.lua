-- The part that takes apart what every write says, in its first argument, with NUL in between: now;
-- owner or ''; if_version or ''; updatedAt; the new ttl, '' for none, or 'keep'; the most messages
-- of the window or '' (any number); its most bytes or '' (the number decides alone). One argument
-- costs less than seven.

local now, owner, if_version, updated_at, renewal, most, room =
  string.match(ARGV[1], '^([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)%z([^%z]*)$')
most, room = tonumber(most), tonumber(room)

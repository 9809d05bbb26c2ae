local CHUNK = 1000 -- unpack has no room for many more

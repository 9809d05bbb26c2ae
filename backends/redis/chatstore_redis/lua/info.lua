-- Returns the info; of no session, one without any value.

return joined(values_of(INFO_FIELDS))

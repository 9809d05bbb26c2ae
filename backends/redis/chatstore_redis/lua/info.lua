-- Returns the info; of no session, one without any value.
--> answer

return answer(fetch(), {}, 1)

-- Returns the answer, without the window; of no session, one without anything.

return answer(0, 0)

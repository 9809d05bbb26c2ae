-- A chunk of the expired sessions beyond a life: how many were removed, and the life to go on
-- from, NULL at the end. What another call works on is left for the next purge.
CREATE OR REPLACE FUNCTION @schema@.chat_purge(
  p_now bigint, p_after bigint, OUT removed bigint, OUT next_life bigint
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  o_life bigint;
  o_kept bigint;
  room bigint := @chunk@ * 4;
  looked_at bigint;
  upto bigint;
BEGIN
  SELECT count(*), max(found.life) INTO looked_at, upto FROM (
    SELECT s.life FROM @schema@.chat_sessions AS s WHERE s.life > p_after
    ORDER BY s.life LIMIT @chunk@
  ) AS found;
  removed := 0;
  FOR o_life, o_kept IN
    SELECT s.life, s.kept FROM @schema@.chat_sessions AS s
    WHERE s.life > p_after AND s.life <= upto AND s.ttl <= p_now
    ORDER BY s.life FOR UPDATE SKIP LOCKED
  LOOP
@erase@
    removed := removed + 1;
    room := room - least(o_kept, @chunk@);
    IF room < 0 THEN
      next_life := o_life;
      RETURN;
    END IF;
  END LOOP;
  IF looked_at = @chunk@ THEN
    next_life := upto;
  END IF;
END;
$body$;

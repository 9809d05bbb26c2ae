-- A chunk of one user's sessions: how many were removed, and how many of those were alive.
CREATE OR REPLACE FUNCTION @schema@.chat_delete_user(
  p_user_id text, p_now bigint, p_wait bigint, OUT removed bigint, OUT live bigint
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  o_life bigint;
  o_kept bigint;
  o_ttl bigint;
  room bigint := @chunk@ * 4;
BEGIN
  PERFORM set_config('lock_timeout', p_wait::text, true);
  removed := 0;
  live := 0;
  FOR o_life, o_kept, o_ttl IN
    SELECT s.life, s.kept, s.ttl FROM @schema@.chat_sessions AS s WHERE s.user_id = p_user_id
    -- All who erase a user take the locks in one order.
    ORDER BY s.user_id, s.created_at, s.session_id LIMIT 500 FOR UPDATE
  LOOP
@erase@
    removed := removed + 1;
    IF o_ttl IS NULL OR o_ttl > p_now THEN
      live := live + 1;
    END IF;
    room := room - least(o_kept, @chunk@);
    EXIT WHEN room < 0;
  END LOOP;
END;
$body$;

-- A chunk of the messages of a life that is no session's: of that life, or NULL: of one that is
-- due. `swept` is the life, NULL if there is none that nobody else works on.
CREATE OR REPLACE FUNCTION @schema@.chat_sweep(
  p_life bigint, p_now bigint, OUT swept bigint
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  first_seq bigint;
  erased bigint;
BEGIN
  IF p_life IS NULL THEN
    SELECT l.life INTO swept FROM @schema@.chat_leftovers AS l WHERE l.due <= p_now
    ORDER BY l.life LIMIT 1 FOR UPDATE SKIP LOCKED;
  ELSE
    SELECT l.life INTO swept FROM @schema@.chat_leftovers AS l
    WHERE l.life = p_life AND l.due <= p_now FOR UPDATE SKIP LOCKED;
  END IF;
  SELECT min(m.seq) INTO first_seq FROM @schema@.chat_messages AS m WHERE m.life = swept;
  DELETE FROM @schema@.chat_messages AS m
  WHERE m.life = swept AND m.seq < first_seq + @chunk@;
  PERFORM 1 FROM @schema@.chat_messages AS m WHERE m.life = swept LIMIT 1;
  IF NOT FOUND THEN
    DELETE FROM @schema@.chat_leftovers AS l WHERE l.life = swept;
  END IF;
END;
$body$;

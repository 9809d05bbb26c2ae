-- How many of a session's newest messages a caller is shown: at most `p_most`, and no heavier than
-- `p_heaviest` together; NULL where one of them doesn't count. Of a session with history, no more
-- than its window.
CREATE OR REPLACE FUNCTION @schema@.chat_shown(
  p_life bigint, p_next_seq bigint, p_kept bigint, p_kept_weight bigint, p_history bigint,
  p_most bigint, p_heaviest bigint
) RETURNS bigint LANGUAGE plpgsql STABLE AS $body$
DECLARE
  most bigint := least(p_kept, p_history, p_most);
  -- A window of one message is bounded by its count alone.
  heaviest bigint := least(
    p_heaviest, CASE WHEN p_history > 1 THEN @window_bytes@ END
  );
  shown bigint := 0;
  newest record;
BEGIN
  IF heaviest IS NULL OR p_kept_weight <= heaviest THEN
    RETURN most;
  END IF;
  FOR newest IN
    SELECT @weight@ AS weight FROM @schema@.chat_messages AS m
    WHERE m.life = p_life AND m.seq >= p_next_seq - most ORDER BY m.seq DESC
  LOOP
    heaviest := heaviest - newest.weight;
    EXIT WHEN heaviest < 0;
    shown := shown + 1;
  END LOOP;
  RETURN shown;
END;
$body$;

-- A session with its newest messages: at most `p_last` of them, and with history no more than its
-- window can have.
CREATE OR REPLACE FUNCTION @schema@.chat_load(p_session_id text, p_last bigint, p_light bigint,
  @answer@
) LANGUAGE plpgsql STABLE AS $body$
BEGIN
  SELECT @columns@ INTO @row@
  FROM @schema@.chat_sessions AS s WHERE s.session_id = p_session_id;
  IF NOT FOUND THEN
    outcome := 'missing';
    RETURN;
  END IF;
  outcome := 'done';
  IF p_last = 0 THEN
    RETURN;
  END IF;
  SELECT string_agg(m.body, ',' ORDER BY m.seq),
    CASE WHEN o_kept_weight > p_light OR o_history IS NOT NULL AND o_kept_weight > @window_bytes@ / 4
    THEN string_agg(@weight@::text, ',' ORDER BY m.seq) END
  INTO bodies, weights
  FROM @schema@.chat_messages AS m
  WHERE m.life = o_life AND m.seq >= o_next_seq - least(o_kept, o_history, p_last);
END;
$body$;

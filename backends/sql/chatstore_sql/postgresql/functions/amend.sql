-- A message in the place of the newest one with its id in the window.
CREATE OR REPLACE FUNCTION @schema@.chat_amend(
  p_session_id text, p_user_id text, p_if_version bigint, p_now bigint, p_updated_at text,
  p_renews boolean, p_ttl bigint, p_wait bigint,
  p_message_id text, p_size bigint, p_body text, p_mark text,
  p_heaviest bigint, p_light bigint,
  -- That the stored message is another has been decided, if this life has this version still.
  p_decided_life bigint, p_decided_version bigint,
  @answer@
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  place bigint;
  old_size bigint;
  old_body text;
  in_window bigint;
  total bigint;
BEGIN
@find@
  in_window := @schema@.chat_shown(
    o_life, o_next_seq, o_kept, o_kept_weight, o_history, NULL, NULL
  );
  SELECT m.seq, m.size, m.body INTO place, old_size, old_body
  FROM @schema@.chat_messages AS m
  WHERE m.life = o_life AND m.message_id = p_message_id AND m.seq >= o_next_seq - in_window
  ORDER BY m.seq DESC LIMIT 1;
  IF NOT FOUND THEN
    outcome := 'absent';
    RETURN;
  END IF;
  -- What may be the same is for the caller to compare.
  IF (p_decided_life IS NULL OR p_decided_life <> o_life OR p_decided_version <> o_version)
    AND jsonb_strip_nulls(old_body::jsonb - 'timestamp' - p_mark)
      = jsonb_strip_nulls(p_body::jsonb - 'timestamp' - p_mark)
  THEN
    outcome := 'met';
    detail := old_body;
@window@
    RETURN;
  END IF;
  IF o_version <> p_if_version THEN
    outcome := 'conflict';
    RETURN;
  END IF;
  total := o_kept_weight;
  IF o_history IS NOT NULL THEN
    SELECT sum(@weight@) INTO total FROM @schema@.chat_messages AS m
    WHERE m.life = o_life AND m.seq >= o_next_seq - in_window;
  END IF;
  IF p_size > old_size
    AND total - old_size + p_size
      > (CASE WHEN o_history IS NULL THEN p_heaviest ELSE @window_bytes@ END)
  THEN
    outcome := 'large';
    detail := total || ' ' || old_size;
    RETURN;
  END IF;
  UPDATE @schema@.chat_messages AS m SET size = p_size, body = p_body
  WHERE m.life = o_life AND m.seq = place;
  o_kept_weight := o_kept_weight - old_size + p_size;
@stamp@
  UPDATE @schema@.chat_sessions AS s SET updated_at = o_updated_at, ttl = o_ttl,
    version = o_version, kept_weight = o_kept_weight
  WHERE s.life = o_life;
  outcome := 'done';
@window@
END;
$body$;

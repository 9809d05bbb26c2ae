-- Messages in the place of what the writer is shown. Without history only the newest `p_chosen` of
-- them are kept; they weigh `p_chosen_weight`.
CREATE OR REPLACE FUNCTION @schema@.chat_rewrite(
  p_session_id text, p_user_id text, p_if_version bigint, p_now bigint, p_updated_at text,
  p_renews boolean, p_ttl bigint, p_wait bigint,
  p_ids text[], p_sizes bigint[], p_bodies text[], p_weight bigint,
  p_most bigint, p_heaviest bigint, p_light bigint,
  p_chosen bigint, p_chosen_weight bigint, p_whole boolean,
  @answer@
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  given_count bigint := cardinality(p_ids);
  replaced bigint;
  stays bigint := 0;
  gone bigint;
BEGIN
@find@
  IF o_version <> p_if_version THEN
    outcome := 'conflict';
    RETURN;
  END IF;
  IF o_history IS NOT NULL AND NOT p_whole
    AND (given_count > o_history OR p_weight > @window_bytes@)
  THEN
    outcome := 'window';
    RETURN;
  END IF;
  replaced := CASE WHEN p_whole THEN o_kept ELSE @schema@.chat_shown(
    o_life, o_next_seq, o_kept, o_kept_weight, o_history, p_most, p_heaviest
  ) END;
  detail := o_life;
  IF o_history IS NOT NULL THEN
    p_chosen := given_count;
    p_chosen_weight := p_weight;
    stays := o_kept - replaced;
  END IF;
  IF stays = 0 AND o_kept > @chunk@ THEN
    -- So many messages are erased chunk by chunk, under a life that is no session's any more.
    INSERT INTO @schema@.chat_leftovers (life, due) VALUES (o_life, 0);
    UPDATE @schema@.chat_sessions AS s
    SET life = nextval(pg_get_serial_sequence('@schema@.chat_sessions', 'life'))
    WHERE s.life = o_life RETURNING s.life INTO o_life;
    o_kept_weight := 0;
  ELSE
    WITH removed AS (
      DELETE FROM @schema@.chat_messages AS m
      WHERE m.life = o_life AND m.seq >= o_next_seq - o_kept + stays
      RETURNING @weight@ AS weight
    )
    SELECT coalesce(sum(weight), 0) INTO gone FROM removed;
    o_kept_weight := o_kept_weight - gone;
  END IF;
  o_message_count := o_message_count + given_count - replaced;
  o_next_seq := o_next_seq + given_count - replaced;
  o_kept := stays + p_chosen;
  o_kept_weight := o_kept_weight + p_chosen_weight;
  INSERT INTO @schema@.chat_messages (life, seq, message_id, size, body)
  SELECT o_life, o_next_seq - given_count + given.place - 1, given.message_id, given.size, given.body
  FROM unnest(p_ids, p_sizes, p_bodies) WITH ORDINALITY AS given (message_id, size, body, place)
  WHERE given.place > given_count - p_chosen;
@stamp@
  UPDATE @schema@.chat_sessions AS s SET updated_at = o_updated_at, ttl = o_ttl,
    message_count = o_message_count, version = o_version, next_seq = o_next_seq,
    kept = o_kept, kept_weight = o_kept_weight
  WHERE s.life = o_life;
  outcome := 'done';
@window@
END;
$body$;

-- An append, with a patch of the state or without; without messages, an update.
CREATE OR REPLACE FUNCTION @schema@.chat_write(
  p_session_id text, p_user_id text, p_if_version bigint, p_now bigint, p_updated_at text,
  p_renews boolean, p_ttl bigint, p_wait bigint,
  p_ids text[], p_sizes bigint[], p_bodies text[], p_weight bigint,
  p_most bigint, p_heaviest bigint, p_light bigint, p_with_window boolean,
  p_user_preferences text, p_metadata text, p_session_status text,
  -- What of the batch is new has been decided, if this life has this version still.
  p_decided_life bigint, p_decided_version bigint,
  @answer@
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  added bigint := cardinality(p_ids);
  gone bigint;
  oldest record;
  in_window bigint;
  from_seq bigint;
BEGIN
@find@
  IF added > 0 AND (
    p_decided_life IS NULL OR p_decided_life <> o_life OR p_decided_version <> o_version
  ) THEN
    from_seq := o_next_seq - least(o_kept, o_history);
    IF EXISTS (
      SELECT FROM @schema@.chat_messages AS m
      WHERE m.life = o_life AND m.message_id = ANY (p_ids) AND m.seq >= from_seq
    ) THEN
      outcome := 'met';
      in_window := @schema@.chat_shown(
        o_life, o_next_seq, o_kept, o_kept_weight, o_history, NULL, NULL
      );
      SELECT json_build_array(
        in_window,
        json_agg(json_build_array(m.message_id, m.body) ORDER BY m.seq)
      ) INTO detail
      FROM @schema@.chat_messages AS m
      WHERE m.life = o_life AND m.seq >= o_next_seq - in_window
        AND (m.message_id = ANY (p_ids) OR m.seq = o_next_seq - in_window);
      IF p_with_window THEN
@window@
      END IF;
      RETURN;
    END IF;
  END IF;
  IF o_version <> p_if_version THEN
    outcome := 'conflict';
    RETURN;
  END IF;
  IF added > 0 AND o_history IS NOT NULL AND p_weight > @window_bytes@ THEN
    outcome := 'heavy';
    RETURN;
  END IF;
  IF p_user_preferences IS NOT NULL THEN
    SELECT merged, refused INTO o_user_preferences, detail
    FROM @schema@.chat_merge(o_user_preferences, p_user_preferences);
    IF detail IS NOT NULL THEN
      outcome := 'user_preferences';
      RETURN;
    END IF;
  END IF;
  IF p_metadata IS NOT NULL THEN
    SELECT merged, refused INTO o_metadata, detail
    FROM @schema@.chat_merge(o_metadata, p_metadata);
    IF detail IS NOT NULL THEN
      outcome := 'metadata';
      RETURN;
    END IF;
  END IF;
  IF added > 0 THEN
    INSERT INTO @schema@.chat_messages (life, seq, message_id, size, body)
    SELECT o_life, o_next_seq + given.place - 1, given.message_id, given.size, given.body
    FROM unnest(p_ids, p_sizes, p_bodies) WITH ORDINALITY
      AS given (message_id, size, body, place);
    o_message_count := o_message_count + added;
    o_next_seq := o_next_seq + added;
    o_kept := o_kept + added;
    o_kept_weight := o_kept_weight + p_weight;
    IF o_history IS NULL AND (o_kept > p_most OR o_kept_weight > p_heaviest) THEN
      IF p_heaviest IS NULL THEN
        WITH removed AS (
          DELETE FROM @schema@.chat_messages AS m
          WHERE m.life = o_life AND m.seq < o_next_seq - p_most
          RETURNING @weight@ AS weight
        )
        SELECT sum(weight) INTO gone FROM removed;
        o_kept := p_most;
        o_kept_weight := o_kept_weight - gone;
      ELSE
        FOR oldest IN
          SELECT @weight@ AS weight FROM @schema@.chat_messages AS m
          WHERE m.life = o_life AND m.seq >= o_next_seq - o_kept ORDER BY m.seq
        LOOP
          EXIT WHEN o_kept_weight <= p_heaviest AND (p_most IS NULL OR o_kept <= p_most);
          o_kept := o_kept - 1;
          o_kept_weight := o_kept_weight - oldest.weight;
        END LOOP;
        DELETE FROM @schema@.chat_messages AS m
        WHERE m.life = o_life AND m.seq < o_next_seq - o_kept;
      END IF;
    END IF;
  END IF;
@stamp@
  -- What is long is only written where it changes.
  IF p_user_preferences IS NULL AND p_metadata IS NULL AND p_session_status IS NULL THEN
    UPDATE @schema@.chat_sessions AS s SET updated_at = o_updated_at, ttl = o_ttl,
      message_count = o_message_count, version = o_version, next_seq = o_next_seq,
      kept = o_kept, kept_weight = o_kept_weight
    WHERE s.life = o_life;
  ELSE
    o_session_status := coalesce(p_session_status, o_session_status);
    UPDATE @schema@.chat_sessions AS s SET updated_at = o_updated_at, ttl = o_ttl,
      message_count = o_message_count, version = o_version, next_seq = o_next_seq,
      kept = o_kept, kept_weight = o_kept_weight, session_status = o_session_status,
      user_preferences = o_user_preferences, metadata = o_metadata
    WHERE s.life = o_life;
  END IF;
  outcome := 'done';
  IF p_with_window THEN
@window@
  END IF;
END;
$body$;

-- A session as it is, with its last messages; `o_life` and `o_kept` are of the one that it
-- replaces. Those before them have been written already, where there is a life.
CREATE OR REPLACE FUNCTION @schema@.chat_insert(
  p_session_id text, p_user_id text, p_created_at text, p_updated_at text, p_ttl bigint,
  p_message_count bigint, p_session_status text, p_version bigint, p_creation_id text,
  p_history bigint, p_user_preferences text, p_metadata text, p_extra text,
  p_life bigint, p_next_seq bigint, p_kept bigint, p_kept_weight bigint,
  p_now bigint, p_overwrite boolean, p_wait bigint,
  p_ids text[], p_sizes bigint[], p_bodies text[],
  OUT outcome text, OUT o_life bigint, OUT o_kept bigint
) LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  new_life bigint;
  o_ttl bigint;
BEGIN
  PERFORM set_config('lock_timeout', p_wait::text, true);
  IF p_life IS NOT NULL THEN
    DELETE FROM @schema@.chat_leftovers AS l WHERE l.life = p_life;
    IF NOT FOUND THEN
      outcome := 'purged';
      RETURN;
    END IF;
  END IF;
  LOOP
    SELECT s.life, s.kept, s.ttl INTO o_life, o_kept, o_ttl
    FROM @schema@.chat_sessions AS s WHERE s.session_id = p_session_id FOR UPDATE;
    IF FOUND THEN
      IF NOT p_overwrite AND (o_ttl IS NULL OR o_ttl > p_now) THEN
        outcome := 'taken';
        IF p_life IS NOT NULL THEN
          INSERT INTO @schema@.chat_leftovers (life, due) VALUES (p_life, 0);
        END IF;
        RETURN;
      END IF;
@erase@
    END IF;
    INSERT INTO @schema@.chat_sessions (session_id, user_id, created_at, updated_at, ttl,
      message_count, session_status, version, creation_id, history, user_preferences, metadata,
      extra, life, next_seq, kept, kept_weight)
    VALUES (p_session_id, p_user_id, p_created_at, p_updated_at, p_ttl,
      p_message_count, p_session_status, p_version, p_creation_id, p_history,
      p_user_preferences, p_metadata, p_extra,
      coalesce(p_life, nextval(pg_get_serial_sequence('@schema@.chat_sessions', 'life'))),
      p_next_seq, p_kept, p_kept_weight)
    ON CONFLICT (session_id) DO NOTHING
    RETURNING chat_sessions.life INTO new_life;
    EXIT WHEN new_life IS NOT NULL;
    -- Another call has just made one.
  END LOOP;
  INSERT INTO @schema@.chat_messages (life, seq, message_id, size, body)
  SELECT new_life, p_next_seq - cardinality(p_ids) + given.place - 1,
    given.message_id, given.size, given.body
  FROM unnest(p_ids, p_sizes, p_bodies) WITH ORDINALITY
    AS given (message_id, size, body, place);
  outcome := 'done';
END;
$body$;

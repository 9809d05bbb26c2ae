  -- In effect until the transaction ends, which is the end of this call.
  PERFORM set_config('lock_timeout', p_wait::text, true);
  LOOP
    SELECT @columns@ INTO @row@
    FROM @schema@.chat_sessions AS s WHERE s.session_id = p_session_id FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    -- What this call waited for may have put a new life in the place of an old one.
    PERFORM 1 FROM @schema@.chat_sessions AS s WHERE s.session_id = p_session_id;
    IF NOT FOUND THEN
      outcome := 'missing';
      RETURN;
    END IF;
  END LOOP;
  IF o_ttl <= p_now OR o_user_id <> p_user_id THEN
    outcome := 'missing';
    RETURN;
  END IF;

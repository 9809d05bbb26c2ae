    DELETE FROM @schema@.chat_sessions AS s WHERE s.life = o_life;
    -- So many messages are erased chunk by chunk, by whoever erases or by the next purge.
    IF o_kept > @chunk@ THEN
      INSERT INTO @schema@.chat_leftovers (life, due) VALUES (o_life, 0);
    ELSE
      DELETE FROM @schema@.chat_messages AS m WHERE m.life = o_life;
    END IF;

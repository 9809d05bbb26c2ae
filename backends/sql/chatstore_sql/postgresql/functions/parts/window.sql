    SELECT string_agg(m.body, ',' ORDER BY m.seq),
      CASE WHEN o_kept_weight > p_light OR o_history IS NOT NULL AND o_kept_weight > @window_bytes@ / 4
      THEN string_agg(@weight@::text, ',' ORDER BY m.seq) END
    INTO bodies, weights
    FROM @schema@.chat_messages AS m
    WHERE m.life = o_life AND m.seq >= o_next_seq - least(o_kept, o_history);

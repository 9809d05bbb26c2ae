-- A page of all messages that are kept: their bodies one after the other, their lengths in
-- characters beside them, and the position of the first.
CREATE OR REPLACE FUNCTION @schema@.chat_messages_page(
  p_session_id text, p_newest_first boolean, p_limit bigint, p_after bigint, p_page_bytes bigint,
  @answer@
) LANGUAGE plpgsql STABLE AS $body$
DECLARE
  oldest_seq bigint;
  shift bigint;
  from_seq bigint;
  end_seq bigint;
BEGIN
  SELECT @columns@ INTO @row@
  FROM @schema@.chat_sessions AS s WHERE s.session_id = p_session_id;
  IF NOT FOUND THEN
    outcome := 'missing';
    RETURN;
  END IF;
  outcome := 'done';
  oldest_seq := o_next_seq - o_kept;
  -- From a message's number to its position.
  shift := greatest(o_message_count - o_kept, 0) - oldest_seq;
  IF p_newest_first THEN
    end_seq := least(o_next_seq, p_after - shift);
    from_seq := greatest(oldest_seq, end_seq - p_limit);
    detail := end_seq - 1 + shift;
  ELSE
    from_seq := greatest(oldest_seq, p_after + 1 - shift);
    end_seq := from_seq + p_limit;
    detail := from_seq + shift;
  END IF;
  SELECT string_agg(found.body, '' ORDER BY found.place),
    string_agg(length(found.body)::text, ',' ORDER BY found.place)
  INTO bodies, weights
  FROM (
    SELECT m.body, each.place, sum(m.size) OVER (ORDER BY each.place) - m.size AS before
    FROM @schema@.chat_messages AS m,
      LATERAL (SELECT CASE WHEN p_newest_first THEN -m.seq ELSE m.seq END AS place) AS each
    WHERE m.life = o_life AND m.seq >= from_seq AND m.seq < end_seq
  ) AS found
  WHERE found.before <= p_page_bytes;
END;
$body$;

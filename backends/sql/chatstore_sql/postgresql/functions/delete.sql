-- A live session is removed; where it kept much, `o_kept` says how many messages are left over.
CREATE OR REPLACE FUNCTION @schema@.chat_delete(
  p_session_id text, p_user_id text, p_if_version bigint, p_now bigint, p_wait bigint,
  @answer@
) LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
@find@
  IF o_version <> p_if_version THEN
    outcome := 'conflict';
    RETURN;
  END IF;
@erase@
  outcome := 'done';
END;
$body$;

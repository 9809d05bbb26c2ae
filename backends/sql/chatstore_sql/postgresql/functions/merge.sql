-- A JSON object with a patch merged key by key; null removes a key. Texts stay as they are, so
-- that no number loses a digit. Refused: more than 256 keys where one was added, and more than
-- 32 KiB of entries where they grew.
CREATE OR REPLACE FUNCTION @schema@.chat_merge(
  p_stored text, p_patch text, OUT merged text, OUT refused text
) LANGUAGE plpgsql IMMUTABLE AS $body$
DECLARE
  stored json := p_stored::json;
  patch json := p_patch::json;
  keys bigint;
  adds boolean;
  size bigint;
BEGIN
  SELECT '{' || coalesce(string_agg(to_json(e.key)::text || ':' || e.value, ',' ORDER BY e.place), '')
    || '}', count(*), coalesce(bool_or(e.is_new), false)
  INTO merged, keys, adds
  FROM (
    SELECT s.key, s.value::text AS value, s.place, false AS is_new
    FROM json_each(stored) WITH ORDINALITY AS s (key, value, place)
    WHERE s.key NOT IN (SELECT json_object_keys(patch))
    UNION ALL
    SELECT p.key, p.value::text, p.place + 1000000,
      p.key NOT IN (SELECT json_object_keys(stored))
    FROM json_each(patch) WITH ORDINALITY AS p (key, value, place)
    WHERE json_typeof(p.value) <> 'null'
  ) AS e;
  IF adds AND keys > 256 THEN
    refused := 'keys ' || keys;
  -- No entry counts more than twice the bytes of its text.
  ELSIF octet_length(merged) * 2 > 32768 THEN
    size := @schema@.chat_stored_size(merged::json) - 3 - keys;
    IF size > 32768 AND size > @schema@.chat_stored_size(stored) - 3
      - (SELECT count(*) FROM json_object_keys(stored))
    THEN
      refused := 'bytes ' || size;
    END IF;
  END IF;
END;
$body$;

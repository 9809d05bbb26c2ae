-- The stored size of a JSON value, as chatstore counts it: a string its UTF-8 bytes; a number its
-- shortest text's length and 1; true, false and null 1; a list or an object 3, 1 for each entry,
-- and the entries, names included.
CREATE OR REPLACE FUNCTION @schema@.chat_stored_size(p_value json) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $body$
DECLARE
  number_text text;
BEGIN
  CASE json_typeof(p_value)
  WHEN 'object' THEN
    RETURN (
      SELECT 3 + count(*)
        + coalesce(sum(octet_length(e.key) + @schema@.chat_stored_size(e.value)), 0)
      FROM json_each(p_value) AS e
    );
  WHEN 'array' THEN
    RETURN (
      SELECT 3 + count(*) + coalesce(sum(@schema@.chat_stored_size(e.value)), 0)
      FROM json_array_elements(p_value) AS e
    );
  WHEN 'string' THEN
    RETURN octet_length(p_value #>> '{}');
  WHEN 'number' THEN
    number_text := p_value #>> '{}';
    -- Two texts that differ from the one that counts: 0.00001 for 1e-05, and 1e-7 for 1e-07.
    IF number_text ~ '^-?0\.0000' THEN
      RETURN length(regexp_replace(number_text, '^-?0\.0+', ''))
        + CASE WHEN number_text ~ '[1-9][0-9]' THEN 1 ELSE 0 END
        + CASE WHEN number_text ~ '^-' THEN 1 ELSE 0 END + 5;
    END IF;
    RETURN length(number_text) + CASE WHEN number_text ~ 'e-[0-9]$' THEN 2 ELSE 1 END;
  ELSE
    RETURN 1;
  END CASE;
END;
$body$;

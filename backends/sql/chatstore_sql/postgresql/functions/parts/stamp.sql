  IF p_renews THEN
    o_ttl := p_ttl;
  END IF;
  o_updated_at := p_updated_at;
  o_version := o_version + 1;

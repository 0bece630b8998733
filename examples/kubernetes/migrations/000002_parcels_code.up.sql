create index concurrently parcels_code_prefix on parcels (code text_pattern_ops);

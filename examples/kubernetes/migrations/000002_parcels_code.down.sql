drop index concurrently parcels_code_prefix;

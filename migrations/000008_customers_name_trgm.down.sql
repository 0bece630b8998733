-- Dropping can wait politely too, and has to be alone for the same reason.
drop index concurrently customers_name_trgm_idx;

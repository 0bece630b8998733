-- Similarity search, for names typed badly. It is a trusted extension: the database's owner may create it.
--
-- Without `if not exists`, on purpose. If somebody else had made it, our down would drop theirs.
create extension pg_trgm;

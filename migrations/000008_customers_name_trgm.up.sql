-- Built CONCURRENTLY, so that customers can be written to meanwhile. PostgreSQL refuses that inside a
-- transaction, and several statements sent together are one: hence a file of its own, also for golang-migrate.
-- rungs sees the word and runs the file as `resumable`. Without `if not exists`, which would take
-- an INVALID index left by a failed build for a good one.
create index concurrently customers_name_trgm_idx on customers using gin (name gin_trgm_ops);

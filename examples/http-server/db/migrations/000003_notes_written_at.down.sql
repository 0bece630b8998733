drop index concurrently notes_written_at;

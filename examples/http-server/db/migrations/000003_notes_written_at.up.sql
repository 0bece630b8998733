-- No transaction can hold this; rungs records each statement of such a file (docs/writing-migrations.md).
create index concurrently notes_written_at on notes (written_at);

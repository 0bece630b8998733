create unique index concurrently boats_by_name on boats (name);

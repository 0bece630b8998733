drop index concurrently boats_by_name;

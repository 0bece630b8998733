alter table notes drop column pinned;

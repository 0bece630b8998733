alter table boats drop column moored;

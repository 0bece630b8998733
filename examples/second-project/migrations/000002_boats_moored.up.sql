alter table boats add column moored timestamptz not null default now();

create table notes (
  id bigint generated always as identity primary key,
  body text not null,
  written_at timestamptz not null default now()
);
insert into notes (body) values ('Hello from the first migration');

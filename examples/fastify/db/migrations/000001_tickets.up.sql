create type ticket_state as enum ('open', 'closed');

create table tickets (
  id bigint generated always as identity primary key,
  title text not null,
  state ticket_state not null default 'open'
);

-- The sample schema follows parcels from a customer through depots to a door.
--
-- No name here carries a schema: the files work in whichever schema comes first in search_path.

create table customers (
  id         bigint generated always as identity primary key,
  email      text not null,
  name       text not null constraint customers_name_check check (name <> ''),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Unique without regard to case. A constraint cannot hold an expression, so it is an index.
create unique index customers_email_key on customers (lower(email));

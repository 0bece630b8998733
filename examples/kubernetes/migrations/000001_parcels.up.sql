create table parcels (
  id bigint generated always as identity primary key,
  code text not null unique
);

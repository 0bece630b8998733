-- A type for what a parcel can be. Values can be added later (see 000005), but never removed.
create type parcel_status as enum ('registered', 'in_transit', 'delivered');

create table parcels (
  id            bigint generated always as identity primary key,
  tracking_code text not null,
  customer_id   bigint not null,
  status        parcel_status not null default 'registered',
  weight_g      integer not null,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  delivered_at  timestamptz,
  signed_by     text,

  -- Named constraints: a later migration can drop them, and an error message can be looked up.
  constraint parcels_tracking_code_key unique (tracking_code),
  constraint parcels_tracking_code_check check (tracking_code ~ '^[A-Z]{2}[0-9]{9}$'),
  constraint parcels_customer_id_fkey foreign key (customer_id) references customers (id),
  constraint parcels_weight_g_check check (weight_g between 1 and 30000),
  constraint parcels_signed_by_check check (signed_by is null or delivered_at is not null)
);

-- PostgreSQL does not index a foreign key by itself; without this, deleting a customer reads every parcel.
create index parcels_customer_id_idx on parcels (customer_id);

-- The open parcels are few among many: a partial index stays small.
create index parcels_open_idx on parcels (created_at) where status <> 'delivered';

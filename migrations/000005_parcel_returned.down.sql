-- An enum value cannot be dropped, so the type is made anew and the column moved over to it.
-- A returned parcel becomes one in transit. A later up cannot tell which ones they were.

-- What compares the column with a value of the old type has to go first.
drop index parcels_open_idx;
alter table parcels alter column status drop default;

alter type parcel_status rename to parcel_status_old;
create type parcel_status as enum ('registered', 'in_transit', 'delivered');

-- Through text: there is no cast from one enum to another.
alter table parcels alter column status type parcel_status
  using (case status when 'returned' then 'in_transit' else status::text end)::parcel_status;

drop type parcel_status_old;

alter table parcels alter column status set default 'registered';
create index parcels_open_idx on parcels (created_at) where status <> 'delivered';

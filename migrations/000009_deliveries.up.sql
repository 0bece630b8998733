-- Deliveries get a table of their own, and what was noted in `parcels` moves there.
create table deliveries (
  parcel_id    bigint primary key,
  delivered_at timestamptz not null,
  signed_by    text,

  constraint deliveries_parcel_id_fkey foreign key (parcel_id) references parcels (id) on delete cascade
);

insert into deliveries (parcel_id, delivered_at, signed_by)
select id, delivered_at, signed_by
from parcels
where delivered_at is not null;

-- parcels_signed_by_check goes with its columns; it made sure that the insert above left nothing behind.
alter table parcels
  drop column delivered_at,
  drop column signed_by;

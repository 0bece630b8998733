-- Back to where it was: the columns, then the rows, then the new table goes.
alter table parcels
  add column delivered_at timestamptz,
  add column signed_by text,
  add constraint parcels_signed_by_check check (signed_by is null or delivered_at is not null);

-- Moving data is no change to a parcel: keep updated_at as it is.
alter table parcels disable trigger parcels_touch;

update parcels
set delivered_at = deliveries.delivered_at,
    signed_by = deliveries.signed_by
from deliveries
where deliveries.parcel_id = parcels.id;

alter table parcels enable trigger parcels_touch;

drop table deliveries;

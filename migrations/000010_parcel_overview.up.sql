-- What the support desk looks at. The columns are written out: with `select *` a view keeps the columns
-- of the day it was made.
create view parcel_overview as
select
  parcels.tracking_code,
  customers.name as customer,
  parcels.status,
  latest.depot_code,
  latest.scanned_at,
  deliveries.delivered_at,
  deliveries.signed_by
from parcels
join customers on customers.id = parcels.customer_id
left join deliveries on deliveries.parcel_id = parcels.id
left join lateral (
  select scans.depot_code, scans.scanned_at
  from scans
  where scans.parcel_id = parcels.id
  order by scans.scanned_at desc
  limit 1
) as latest on true;

-- One row each time a parcel is seen. It grows without end, so it is cut by time:
-- an old year leaves with one quick `drop table`, not with a slow `delete`.
create table scans (
  parcel_id  bigint not null,
  depot_code text not null,
  scanned_at timestamptz not null,

  -- A unique key of a partitioned table must hold the column it is cut by.
  constraint scans_pkey primary key (parcel_id, scanned_at),
  constraint scans_parcel_id_fkey foreign key (parcel_id) references parcels (id) on delete cascade,
  constraint scans_depot_code_fkey foreign key (depot_code) references depots (code)
) partition by range (scanned_at);

-- The bounds name their time zone. Without +00 they would mean the session's, and differ between machines.
create table scans_2026 partition of scans
  for values from ('2026-01-01 00:00+00') to ('2027-01-01 00:00+00');
create table scans_2027 partition of scans
  for values from ('2027-01-01 00:00+00') to ('2028-01-01 00:00+00');

-- Whatever fits nowhere else, so that no insert fails. It should stay empty: a partition for 2028
-- cannot be added while the default holds rows of 2028.
create table scans_default partition of scans default;

-- Made on the parent, an index appears on every partition, also on those to come.
create index scans_depot_code_idx on scans (depot_code, scanned_at desc);

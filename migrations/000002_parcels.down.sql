-- The reverse of the order in which they were made: the table uses the type.
drop table parcels;
drop type parcel_status;

-- No `cascade`: if something else had begun to use the function, this should fail and say so.
drop trigger parcels_touch on parcels;
drop trigger customers_touch on customers;
drop function touch_updated_at();

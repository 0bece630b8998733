-- Between the dollar signs semicolons and quotes are plain text, so the body needs no escaping.
create function touch_updated_at() returns trigger
language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

-- `when`: a row that is written back unchanged keeps its time.
create trigger customers_touch before update on customers
  for each row when (old.* is distinct from new.*) execute function touch_updated_at();

create trigger parcels_touch before update on parcels
  for each row when (old.* is distinct from new.*) execute function touch_updated_at();

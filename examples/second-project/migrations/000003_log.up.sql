create table harbour_log (
  at timestamptz not null default now(),
  what text not null
);

-- A semicolon in a body ends nothing.
create function log_boat() returns trigger language plpgsql as $body$
begin
  insert into harbour_log (what) values (format('%s moored; `berth` %s \ %s', new.name, new.id, 'free'));
  return new;
end
$body$;

create trigger boats_logged after insert on boats for each row execute function log_boat();

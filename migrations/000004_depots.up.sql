create table depots (
  code text primary key constraint depots_code_check check (code ~ '^[A-Z]{3}$'),
  city text not null
);

-- Rows that the program cannot do without belong in a migration. Test data and demo data do not.
-- The key is written out, so the rows are the same in every database.
insert into depots (code, city) values
  ('BER', 'Berlin'),
  ('LIS', 'Lisbon'),
  ('OSL', 'Oslo'),
  ('ROM', 'Rome');

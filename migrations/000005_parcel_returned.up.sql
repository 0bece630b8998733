-- Alone in its file: PostgreSQL lets no statement use a new enum value before the transaction that
-- added it has been committed (55P04), and a file is one transaction.
alter type parcel_status add value 'returned' after 'delivered';

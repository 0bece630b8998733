drop table depots;

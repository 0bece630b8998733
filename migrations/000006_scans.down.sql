-- The partitions go with their parent.
drop table scans;

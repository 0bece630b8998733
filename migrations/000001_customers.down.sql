-- Its index and its sequence go with it.
drop table customers;

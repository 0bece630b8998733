drop trigger boats_logged on boats;
drop function log_boat();
drop table harbour_log;

insert into tickets (title) values ('Write the first ticket');

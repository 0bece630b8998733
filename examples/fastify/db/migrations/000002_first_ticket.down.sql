delete from tickets where title = 'Write the first ticket';

-- What a message begins with, without the cause; null of what was last listed before.
alter table incidents add column headline text;

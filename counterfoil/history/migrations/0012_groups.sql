-- What is said of several incidents of one subject, after their number; null where nothing is.
alter table incidents add column together text;

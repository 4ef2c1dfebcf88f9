-- What a closed day's entries are, besides how many and how much. Null: it was closed before that
-- was kept, and the next audit that finds count and sum as they were keeps it.
alter table closed_days add column entries_hash numeric;

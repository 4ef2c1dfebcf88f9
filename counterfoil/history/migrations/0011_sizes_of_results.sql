-- What the sizes of a result's findings come to, and which they are; null where they have none.
alter table check_results
    add column size numeric,
    add column sized_by text;

-- A stated change names its rows, and ends. What was stated before names none: it holds no more.
alter table stated_changes
    add column entries jsonb not null default '[]',
    add column withdrawn_at timestamptz;

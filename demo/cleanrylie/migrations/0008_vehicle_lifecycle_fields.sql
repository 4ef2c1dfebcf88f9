alter table vehicles
    add column acquired_at timestamptz,
    add column sold_at timestamptz;

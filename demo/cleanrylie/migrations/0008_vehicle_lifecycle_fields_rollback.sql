alter table vehicles
    drop column acquired_at,
    drop column sold_at;

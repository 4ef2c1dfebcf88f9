alter table customers
    drop column opted_out_at,
    drop column opt_out_reason;

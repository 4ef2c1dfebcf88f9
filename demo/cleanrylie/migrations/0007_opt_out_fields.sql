alter table customers
    add column opted_out_at timestamptz,
    add column opt_out_reason text;

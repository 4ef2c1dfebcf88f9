-- The database that was claimed to be there: six of the tables, and the same record of
-- migrations.

do $$
declare
    table_name text;
begin
    for table_name in
        select tablename
        from pg_tables
        where
            schemaname = 'public'
            and tablename not in (
                'profiles',
                'bookings',
                'adventures',
                'vendors',
                'notifications',
                'user_preferences'
            )
    loop
        execute format('drop table public.%I', table_name);
    end loop;
end
$$;

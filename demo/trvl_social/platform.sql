-- What the platform provides before the first migration: its roles, its users, and who is
-- asking.

do $$
begin
    if to_regrole('anon') is null then
        create role anon;
    end if;
    if to_regrole('authenticated') is null then
        create role authenticated;
    end if;
    if to_regrole('service_role') is null then
        create role service_role bypassrls;
    end if;
end
$$;

create schema auth;
grant usage on schema public, auth to anon, authenticated, service_role;

create table auth.users (
    id uuid primary key,
    email text not null unique
);

create function auth.uid() returns uuid language sql stable
return (
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
)::uuid;

-- Its tables are open to its roles: row security is all that stands between users.
alter default privileges in schema public
grant select, insert, update, delete on tables to anon, authenticated, service_role;

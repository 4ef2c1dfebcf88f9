-- Teams and their documents on Supabase: nobody's tenant is in most tables, and each table of the
-- exposed schema is walled in. What Supabase provides is there already.
grant usage on schema auth to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
create table profiles (id uuid primary key references auth.users (id), display_name text);
create table teams (id uuid primary key, title text not null);
create table team_members (
    team_id uuid references teams (id), user_id uuid not null, primary key (team_id, user_id)
);
create table documents (
    id uuid primary key, folder_id uuid, team_id uuid not null references teams (id), title text
);
create index on documents (team_id);
create table pages (id uuid primary key, document_id uuid not null references documents (id));
create index on pages (document_id);
create table countries (code text primary key, title text);
create table notes (id uuid primary key, user_id uuid not null);
create table plans (id uuid primary key, price integer);
revoke all on plans from anon, authenticated;
create schema private;
create table private.settings (id uuid primary key, setting text);
create function is_member(team uuid) returns boolean
    stable security definer set search_path = pg_catalog language sql
    as 'select exists (select from public.team_members where team_id = team and user_id = auth.uid())';
do $$
declare
    name text;
begin
    foreach name in array
        array['profiles', 'teams', 'team_members', 'documents', 'pages', 'countries', 'notes', 'plans']
    loop
        execute format('alter table %I enable row level security', name);
    end loop;
end
$$;
create policy own on profiles using ((select auth.uid()) = id);
create policy own on teams to authenticated using (is_member(id));
create policy own on team_members to authenticated using (user_id = (select auth.uid()));
create policy own on documents to authenticated using (
    exists (
        select from team_members as member
        where member.team_id = documents.team_id and member.user_id = (select auth.uid())
    )
);
create policy own on pages to authenticated using (
    exists (
        select from documents
        join team_members as member on member.team_id = documents.team_id
        where documents.id = pages.document_id and member.user_id = (select auth.uid())
    )
);
create policy everybody on countries for select using (true);
create policy read on notes for select using (user_id = auth.uid());
create policy write on notes for insert with check (user_id = auth.uid());
create policy nobody on plans for select using (false);
create policy service on plans to service_role using (true);
create view my_documents with (security_invoker = true) as select title from documents;
create foreign data wrapper nowhere;
create server elsewhere foreign data wrapper nowhere;
insert into countries values ('ch', 'Switzerland');
alter role service_role bypassrls;

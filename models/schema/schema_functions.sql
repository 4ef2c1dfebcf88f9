{{ config(enabled=contract_declares('schema')) }}

with

functions as (
    select
        namespaces.nspname,
        functions.proname,
        functions.prosecdef as is_security_definer,
        functions.proconfig as settings,
        pg_catalog.pg_get_userbyid(functions.proowner)::text as owner_role,
        pg_catalog.pg_get_function_identity_arguments(functions.oid) as arguments
    from pg_catalog.pg_proc as functions
    inner join pg_catalog.pg_namespace as namespaces
        on functions.pronamespace = namespaces.oid
    where
        functions.prokind <> 'a'
        and {{ is_in_schemas('namespaces.nspname') }}
        and not {{ is_extension_owned('pg_proc', 'functions.oid') }}
),

final as (
    select
        {{ relation_label('nspname', 'proname') }} || '(' || arguments || ')'
            as function_name,
        is_security_definer,
        owner_role,
        exists(
            select true from unnest(settings) as setting
            where starts_with(setting, 'search_path=')
        ) as is_search_path_pinned,
        (
            is_security_definer
            and not exists (
                select true from unnest(settings) as setting
                where starts_with(setting, 'search_path=')
            )
        ) as is_search_path_open
    from functions
)

select * from final

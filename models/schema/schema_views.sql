{{ config(enabled=contract_declares('schema')) }}

with

views as (
    select
        relations.oid as view_oid,
        relations.relkind,
        {{ is_open_to_visitors('namespaces.nspname', 'relations.oid') }}
            as is_open_to_visitors,
        {{ relation_label('namespaces.nspname', 'relations.relname') }} as view_name,
        coalesce(
            (
                select options.option_value::boolean
                from pg_catalog.pg_options_to_table(relations.reloptions) as options
                where options.option_name = 'security_invoker'
            ),
            false
        ) as is_security_invoker
    from pg_catalog.pg_class as relations
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
    where
        relations.relkind in ('v', 'm')
        and {{ is_in_schemas('namespaces.nspname') }}
        and not {{ is_extension_owned('pg_class', 'relations.oid') }}
),

secured as (
    select
        relation_oid,
        string_agg(table_name, ', ' order by table_name) as table_names
    from {{ ref('row_secured_relations') }}
    group by relation_oid
),

final as (
    select
        views.view_name,
        case views.relkind when 'm' then 'materialized view' else 'view' end as kind,
        views.is_security_invoker,
        case
            when views.relkind = 'm' and views.is_open_to_visitors
                then coalesce(secured.table_names, 'copies of rows')
            else secured.table_names
        end as row_secured_table_names,
        (
            secured.relation_oid is not null
            and (views.relkind = 'm' or not views.is_security_invoker)
            or views.relkind = 'm' and views.is_open_to_visitors
        ) as is_row_security_bypassed
    from views
    left join secured on views.view_oid = secured.relation_oid
)

select * from final

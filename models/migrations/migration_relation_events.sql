{{ config(enabled=contract_declares('migrations'), schema='counterfoil_staging') }}

with

statements as (
    select * from {{ source('migration_facts', 'migration_statements') }}
),

of_relations as (
    select
        *,
        case
            when schema_name is null then search_path
            else array[schema_name]
        end as places
    from statements
    where
        direction = 'forward'
        and action in ('creates', 'removes')
        and kind in ('table', 'view', 'temporary')
),

created as (
    select
        tree,
        coalesce(schema_name, search_path[1]) as schema_name,
        object_name as relation_name,
        position,
        true as appears,
        kind,
        is_conditional,
        column_list,
        file,
        line
    from of_relations
    where action = 'creates'
),

-- DROP TABLE takes the first of that name; a name that is not there is not taken.
removed as (
    select
        of_relations.tree,
        place.schema_name,
        of_relations.object_name as relation_name,
        of_relations.position,
        false as appears,
        of_relations.kind,
        of_relations.is_conditional,
        null::text as column_list,
        of_relations.file,
        of_relations.line
    from of_relations
    cross join lateral unnest(of_relations.places) as place (schema_name)
    where of_relations.action = 'removes'
),

-- A schema goes with all that was ever made in it.
removed_with_schema as (
    select distinct
        created.tree,
        created.schema_name,
        created.relation_name,
        statements.position,
        false as appears,
        created.kind,
        statements.is_conditional,
        null::text as column_list,
        statements.file,
        statements.line
    from statements
    inner join created
        on
            statements.tree = created.tree
            and statements.object_name = created.schema_name
            and statements.position > created.position
    where
        statements.direction = 'forward'
        and statements.action = 'removes'
        and statements.kind = 'schema'
),

final as (
    select * from created
    union all
    select * from removed
    union all
    select * from removed_with_schema
)

select * from final

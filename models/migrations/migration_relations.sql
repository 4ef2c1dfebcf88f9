{{ config(enabled=contract_declares('migrations'), schema='counterfoil_staging') }}

with

events as (
    select * from {{ ref('migration_relation_events') }}
),

-- A removal that a condition guards may not happen: the relation is taken to stay.
final as (
    select distinct on (tree, schema_name, relation_name)
        tree,
        schema_name,
        relation_name,
        kind,
        file,
        line,
        appears as stands_at_the_end,
        exists(
            select true
            from events as later
            where
                later.tree = events.tree
                and later.schema_name = events.schema_name
                and later.relation_name = events.relation_name
                and later.position > events.position
                and not later.appears
        ) as may_be_gone
    from events
    where appears or not is_conditional
    order by tree asc, schema_name asc, relation_name asc, position desc
)

select * from final

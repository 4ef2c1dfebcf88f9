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
        appears as stands_at_the_end
    from events
    where appears or not is_conditional
    order by tree, schema_name, relation_name, position desc
)

select * from final

{{ config(enabled=contract_declares('schema')) }}

-- What Postgres holds of a foreign key: the constraint itself, its copies on partitions,
-- and the triggers on both sides that do the work.
with recursive

foreign_keys as (
    select constraint_oid from {{ ref('catalog_foreign_keys') }}
),

copies as (
    select
        constraint_oid,
        constraint_oid as copy_oid
    from foreign_keys

    union all

    select
        copies.constraint_oid,
        partition_constraints.oid as copy_oid
    from copies
    inner join pg_catalog.pg_constraint as partition_constraints
        on copies.copy_oid = partition_constraints.conparentid
    where partition_constraints.contype = 'f'
),

disabled_triggers as (
    select distinct tgconstraint as constraint_oid
    from pg_catalog.pg_trigger
    where tgconstraint <> 0 and tgenabled not in ('O', 'A')
),

final as (
    select
        copies.constraint_oid,
        bool_and(constraints.convalidated) as is_validated,
        -- The column came with 18; as JSON its absence is no error.
        bool_and(
            coalesce((to_jsonb(constraints) ->> 'conenforced')::boolean, true)
        ) as is_enforced,
        bool_and(disabled_triggers.constraint_oid is null) as has_enabled_triggers
    from copies
    inner join pg_catalog.pg_constraint as constraints
        on copies.copy_oid = constraints.oid
    left join disabled_triggers on copies.copy_oid = disabled_triggers.constraint_oid
    group by copies.constraint_oid
)

select * from final

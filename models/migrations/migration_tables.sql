{{ config(enabled=contract_declares('migrations')) }}

with

relations as (
    select * from {{ ref('migration_relations') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

provided as (
    select * from {{ source('migration_facts', 'migration_provided') }}
),

unknowns as (
    select * from {{ source('migration_facts', 'migration_unknowns') }}
),

expected as (
    select
        tree,
        schema_name,
        relation_name,
        file,
        may_be_gone
    from relations
    where kind = 'table' and stands_at_the_end
),

-- The schemas that the migrations fill are theirs, and each schema is one tree's.
own_schemas as (
    select
        places.schema_name,
        min(places.tree) as tree
    from (
        select
            tree,
            schema_name
        from relations
        union
        select
            tree,
            default_schema as schema_name
        from trees
    ) as places
    group by places.schema_name
),

standing as (
    select
        namespace.nspname::text as schema_name,
        relation.relname::text as relation_name,
        (
            relation.relkind in ('r', 'p', 'f')
            and not relation.relispartition
        ) as is_table,
        exists(
            select true
            from pg_catalog.pg_depend as dependency
            where
                dependency.classid = 'pg_catalog.pg_class'::regclass
                and dependency.objid = relation.oid
                and dependency.deptype = 'e'
        ) as is_of_extension
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace
        on relation.relnamespace = namespace.oid
    where
        relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespace.nspname !~ '^(pg_|counterfoil)'
        and namespace.nspname <> 'information_schema'
),

histories as (
    {% for tree, declared in (var('contract').get('migrations') or {}).items()
        if declared.get('history') %}
    select
        {{ text_literal(declared['history']['table'].split('.')[-1]) }} as relation_name
    union all
    {% endfor %}
    select null::text as relation_name
    where false
),

absent as (
    select
        expected.tree,
        expected.schema_name,
        expected.relation_name,
        'migrations create it (' || expected.file || '), and it is not there' as fault,
        expected.may_be_gone or exists (
            select true
            from unknowns
            where
                unknowns.tree = expected.tree
                and expected.schema_name || '.' || expected.relation_name
                like unknowns.removes
        ) as is_unknown
    from expected
    where
        not exists (
            select true
            from standing
            where
                standing.schema_name = expected.schema_name
                and standing.relation_name = expected.relation_name
        )
),

unexpected as (
    select
        own_schemas.tree,
        standing.schema_name,
        standing.relation_name,
        'it is there, and no migration creates it' as fault,
        exists(
            select true
            from unknowns
            where
                standing.schema_name || '.' || standing.relation_name
                like unknowns.creates
        ) as is_unknown
    from standing
    inner join own_schemas on standing.schema_name = own_schemas.schema_name
    where
        standing.is_table
        and not standing.is_of_extension
        and not exists (
            select true
            from histories
            where histories.relation_name = standing.relation_name
        )
        and not exists (
            select true
            from relations
            where
                relations.schema_name = standing.schema_name
                and relations.relation_name = standing.relation_name
                and relations.stands_at_the_end
        )
        and not exists (
            select true
            from provided
            where
                provided.schema_name = standing.schema_name
                and (
                    provided.table_name is null
                    or provided.table_name = standing.relation_name
                )
        )
),

mismatched as (
    select * from absent
    union all
    select * from unexpected
),

final as (
    select
        tree,
        schema_name || '.' || relation_name as table_name,
        fault,
        is_unknown
    from mismatched
)

select * from final

{{ config(enabled=contract_declares('migrations')) }}

with

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

relations as (
    select * from {{ source('migration_facts', 'migration_made_relations') }}
),

doubtful as (
    select * from {{ ref('migration_doubtful_names') }}
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
        where file is not null
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
        relations.tree,
        relations.schema_name,
        relations.relation_name,
        'migrations create it (' || relations.file || '), and it is not there' as fault
    from relations
    where
        relations.kind = 'table'
        and relations.file is not null
        and not exists (
            select true
            from standing
            where
                standing.schema_name = relations.schema_name
                and standing.relation_name = relations.relation_name
        )
),

unexpected as (
    select
        own_schemas.tree,
        standing.schema_name,
        standing.relation_name,
        'it is there, and no migration creates it' as fault
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
                and (
                    relations.kind = 'schema'
                    or relations.relation_name = standing.relation_name
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
        mismatched.tree,
        mismatched.schema_name || '.' || mismatched.relation_name as table_name,
        mismatched.fault,
        exists(
            select true
            from doubtful
            where
                doubtful.tree = mismatched.tree
                and doubtful.object_name in (mismatched.relation_name, '%')
        ) as is_unknown
    from mismatched
)

select * from final

{{ config(enabled=contract_declares('migrations')) }}

with

models as (
    select * from {{ source('migration_facts', 'migration_models') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
    where replayed_from is not null
),

relations as (
    select * from {{ source('migration_facts', 'migration_made_relations') }}
),

doubtful as (
    select * from {{ ref('migration_doubtful_names') }}
),

named as (
    select distinct on (
        models.tree,
        coalesce(models.schema_name, trees.default_schema),
        models.table_name,
        case when models.table_name is null then models.file end
    )
        models.tree,
        coalesce(models.schema_name, trees.default_schema) as schema_name,
        models.table_name,
        models.file,
        models.line,
        models.named_by
    from models
    inner join trees on models.tree = trees.tree
    order by
        models.tree,
        coalesce(models.schema_name, trees.default_schema),
        models.table_name,
        case when models.table_name is null then models.file end,
        -- What a model declares says more than a key that points at it.
        models.named_by not like 'model %',
        models.file,
        models.line
),

final as (
    select
        named.tree,
        named.schema_name || '.' || coalesce(named.table_name, '?') as table_name,
        named.file,
        named.line,
        named.named_by,
        coalesce(
            'migrations create ' || elsewhere.relations,
            'no migration creates it'
        ) as explanation,
        named.table_name is null or exists (
            select true
            from doubtful
            where
                doubtful.tree = named.tree
                and doubtful.object_name in (named.table_name, '%')
        ) as is_unknown
    from named
    left join lateral (
        select
            string_agg(
                relations.schema_name || '.' || relations.relation_name,
                ', ' order by relations.schema_name
            ) as relations
        from relations
        where
            relations.tree = named.tree
            and relations.relation_name = named.table_name
            and relations.schema_name <> named.schema_name
    ) as elsewhere on true
    where
        not exists (
            select true
            from relations
            where
                relations.tree = named.tree
                and relations.schema_name = named.schema_name
                and (
                    relations.kind = 'schema'
                    or relations.relation_name = named.table_name
                )
        )
)

select * from final

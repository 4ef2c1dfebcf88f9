{{ config(enabled=contract_declares('migrations')) }}

with

statements as (
    select * from {{ source('migration_facts', 'migration_statements') }}
),

events as (
    select * from {{ ref('migration_relation_events') }}
),

relations as (
    select * from {{ ref('migration_relations') }}
),

provided as (
    select * from {{ source('migration_facts', 'migration_provided') }}
),

unknowns as (
    select * from {{ source('migration_facts', 'migration_unknowns') }}
),

-- Where each name may be found: one place, or every schema of the search path.
referring as (
    select
        *,
        case
            when schema_name is null then search_path
            else array[schema_name]
        end as places
    from statements
    where direction = 'forward' and action = 'refers'
),

candidates as (
    select
        referring.tree,
        referring.position,
        place.schema_name,
        referring.object_name as relation_name
    from referring
    cross join lateral unnest(referring.places) as place (schema_name)
),

-- Of each relation what was done to it last, as of each statement that names it.
history as (
    select
        tree,
        schema_name,
        relation_name,
        position,
        null::bigint as appeared_at,
        true as is_reference
    from candidates
    union all
    select
        tree,
        schema_name,
        relation_name,
        position,
        position * 2 + appears::integer as appeared_at,
        false as is_reference
    from events
    where appears or not is_conditional
),

as_of_then as (
    select
        *,
        max(appeared_at) over (
            partition by tree, schema_name, relation_name
            order by position
        ) as latest
    from history
),

found as (
    select
        as_of_then.tree,
        as_of_then.position,
        bool_or(
            coalesce(as_of_then.latest % 2 = 1, false)
            or provided.tree is not null
        ) as is_there
    from as_of_then
    left join provided
        on
            as_of_then.tree = provided.tree
            and as_of_then.schema_name = provided.schema_name
            and (
                provided.table_name is null
                or as_of_then.relation_name = provided.table_name
            )
    where as_of_then.is_reference
    group by as_of_then.tree, as_of_then.position
),

-- What else a missing table may have been meant to be, by the words of its name.
likely as (
    select
        tree,
        relation_name,
        stands_at_the_end,
        schema_name || '.' || relation_name as relation,
        split_part(relation_name, '_', 1) as first_word,
        '%\_' || replace(relation_name, '_', '\_') as as_last_words
    from relations
    where kind = 'table'
),

missing as (
    select
        referring.*,
        coalesce(referring.schema_name, referring.search_path[1]) as wanted_schema,
        split_part(referring.object_name, '_', 1) as first_word,
        '%\_' || replace(referring.object_name, '_', '\_') as as_last_words
    from referring
    inner join found
        on referring.tree = found.tree and referring.position = found.position
    where not found.is_there
),

explained as (
    select
        missing.tree,
        missing.file,
        missing.line,
        missing.position,
        missing.needed_by,
        missing.object_name,
        concat_ws('.', missing.schema_name, missing.object_name) as named_table,
        meant.relation as meant_table,
        exists (
            select true
            from unknowns
            where
                unknowns.tree = missing.tree
                and unknowns.position < missing.position
                and (
                    missing.wanted_schema || '.' || missing.object_name
                ) like unknowns.creates
        ) or missing.is_conditional as is_unknown,
        later.place as created_later_at,
        earlier.place as removed_before_at
    from missing
    left join lateral (
        select events.file || ':' || events.line as place
        from events
        where
            events.tree = missing.tree
            and events.schema_name = missing.wanted_schema
            and events.relation_name = missing.object_name
            and events.appears
            and events.position > missing.position
        order by events.position
        limit 1
    ) as later on true
    left join lateral (
        select events.file || ':' || events.line as place
        from events
        where
            events.tree = missing.tree
            and events.schema_name = missing.wanted_schema
            and events.relation_name = missing.object_name
            and not events.appears
            and events.position < missing.position
            and exists (
                select true
                from events as creation
                where
                    creation.tree = events.tree
                    and creation.schema_name = events.schema_name
                    and creation.relation_name = events.relation_name
                    and creation.appears
                    and creation.position < events.position
            )
        order by events.position desc
        limit 1
    ) as earlier on true
    left join lateral (
        select likely.relation
        from likely
        where
            likely.tree = missing.tree
            and likely.relation <> missing.wanted_schema || '.' || missing.object_name
            and (
                likely.relation_name = missing.object_name
                or missing.object_name like likely.as_last_words
                or likely.relation_name like missing.as_last_words
                or likely.first_word = missing.first_word
            )
        order by
            likely.relation_name <> missing.object_name,
            missing.object_name not like likely.as_last_words,
            likely.relation_name not like missing.as_last_words,
            not likely.stands_at_the_end,
            likely.relation
        limit 1
    ) as meant on true
),

final as (
    select
        tree,
        file,
        line,
        needed_by,
        named_table,
        meant_table,
        is_unknown,
        count(*) as statement_count,
        case
            when removed_before_at is not null
                then 'was dropped, renamed or moved before, at ' || removed_before_at
            when created_later_at is not null
                then 'is created only later, at ' || created_later_at
            when split_part(meant_table, '.', 2) = object_name
                then 'nothing before it creates; of that name there is ' || meant_table
            when meant_table is not null
                then 'nothing before it creates; ' || meant_table || ' may be meant'
            else 'nothing before it creates'
        end as explanation
    from explained
    group by
        tree, file, line, needed_by, named_table, meant_table, is_unknown,
        created_later_at, removed_before_at, object_name
)

select * from final

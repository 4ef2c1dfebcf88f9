{{ config(enabled=contract_declares('schema')) }}

with

sequences as (
    select
        relations.oid as sequence_oid,
        {{ relation_label('namespaces.nspname', 'relations.relname') }} as sequence_name,
        definitions.seqmin,
        definitions.seqmax,
        definitions.seqincrement,
        definitions.seqcycle
    from pg_catalog.pg_class as relations
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
    inner join pg_catalog.pg_sequence as definitions
        on relations.oid = definitions.seqrelid
    where
        {{ is_in_schemas('namespaces.nspname') }}
        and relations.relpersistence <> 't'
        and not {{ is_extension_owned('pg_class', 'relations.oid') }}
),

-- The columns that a sequence numbers, owned or by default: the narrowest is its limit.
numbered as (
    select
        numbering.sequence_oid,
        min(
            case attributes.atttypid
                when 'int2'::regtype then 32767
                when 'int4'::regtype then 2147483647
                else 9223372036854775807
            end
        ) as largest_value,
        string_agg(
            distinct format('%s.%s', tables.relname, attributes.attname), ', '
        ) as column_names
    from (
        select
            objid as sequence_oid,
            refobjid as table_oid,
            refobjsubid as column_number
        from pg_catalog.pg_depend
        where
            classid = 'pg_catalog.pg_class'::regclass
            and refclassid = 'pg_catalog.pg_class'::regclass
            and deptype in ('a', 'i')
            and refobjsubid > 0

        union

        select
            dependencies.refobjid as sequence_oid,
            defaults.adrelid as table_oid,
            defaults.adnum as column_number
        from pg_catalog.pg_depend as dependencies
        inner join pg_catalog.pg_attrdef as defaults
            on
                dependencies.objid = defaults.oid
                and dependencies.classid = 'pg_catalog.pg_attrdef'::regclass
        where dependencies.refclassid = 'pg_catalog.pg_class'::regclass
    ) as numbering
    inner join sequences on numbering.sequence_oid = sequences.sequence_oid
    inner join pg_catalog.pg_class as tables on numbering.table_oid = tables.oid
    inner join pg_catalog.pg_attribute as attributes
        on
            numbering.table_oid = attributes.attrelid
            and numbering.column_number = attributes.attnum
    group by numbering.sequence_oid
),

valued as (
    select
        sequences.*,
        numbered.column_names,
        least(sequences.seqmax, coalesce(numbered.largest_value, sequences.seqmax))
            as largest_value,
        -- To a role without the right a sequence looks unused: raise, and say so.
        case
            when has_sequence_privilege(sequences.sequence_oid, 'usage, select')
                then pg_catalog.pg_sequence_last_value(sequences.sequence_oid)
            else ('no right to read sequence ' || sequences.sequence_name)::bigint
        end as last_value
    from sequences
    left join numbered on sequences.sequence_oid = numbered.sequence_oid
),

final as (
    select
        sequence_name,
        column_names,
        last_value,
        case when seqincrement > 0 then largest_value else seqmin end as limit_value,
        case
            when seqcycle or last_value is null then 0
            when seqincrement > 0
                then
                    round(
                        100 * (last_value::numeric - seqmin)
                        / nullif(largest_value::numeric - seqmin, 0),
                        1
                    )
            else
                round(
                    100 * (seqmax::numeric - last_value)
                    / nullif(seqmax::numeric - seqmin, 0),
                    1
                )
        end as used_percent
    from valued
)

select
    *,
    greatest(used_percent - 90, 0) as percent_past_limit
from final

{{ config(enabled=contract_declares('schema', 'structure.tables')) }}

with

expected as (
    select * from {{ ref('expected_tables') }}
),

declared as (
    select * from {{ ref('declared_tables') }}
),

tables as (
    select table_name from {{ ref('catalog_tables') }}
),

-- A name before a glob, and of globs the longest: each table counts once.
present as (
    select distinct on (tables.table_name)
        tables.table_name,
        declared.tier,
        declared.module
    from tables
    inner join declared
        on
            tables.table_name = declared.table_name
            or (declared.is_glob and tables.table_name like declared.pattern)
    order by
        tables.table_name asc,
        declared.is_glob asc,
        length(declared.table_name) desc,
        declared.table_name asc
),

listed as (
    select
        coalesce(module, '') as module,
        tier,
        table_name,
        true as is_present,
        false as is_glob
    from present

    union all

    select
        coalesce(module, '') as module,
        tier,
        table_name,
        false as is_present,
        is_glob
    from expected
    where is_missing
),

final as (
    select
        module,
        count(distinct module) as module_count,
        {% for tier in ('critical', 'important', 'supporting') %}
        count(*) filter (where tier = '{{ tier }}' and is_present)
            as {{ tier }}_present_count,
        count(*) filter (where tier = '{{ tier }}' and not is_glob)
            as {{ tier }}_expected_count,
        count(*) filter (where tier = '{{ tier }}' and is_glob)
            as {{ tier }}_unmatched_count,
        {% endfor %}
        count(*) filter (where not is_present) as missing_count,
        coalesce(
            (
                array_agg(
                    table_name order by
                        array_position(
                            array['critical', 'important', 'supporting'], tier
                        ),
                        table_name
                ) filter (where not is_present)
            )[:10],
            array[]::text[]
        ) as missing_table_names
    from listed
    group by grouping sets ((module), ())
)

select * from final

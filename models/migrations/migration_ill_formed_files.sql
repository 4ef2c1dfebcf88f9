{{ config(enabled=contract_declares('migrations')) }}

with

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

widths as (
    select
        tree,
        digits,
        count(*) as file_count
    from files
    where digits is not null
    group by tree, digits
),

usual_widths as (
    select distinct on (tree)
        tree,
        digits,
        file_count
    from widths
    order by tree asc, file_count desc, digits desc
),

final as (
    select
        files.tree,
        files.file,
        1::bigint as line,
        coalesce(
            files.fault,
            'has a version of ' || files.digits || ' digits, where '
            || usual_widths.file_count || ' files have ' || usual_widths.digits
        ) as fault
    from files
    left join usual_widths on files.tree = usual_widths.tree
    where files.fault is not null or files.digits <> usual_widths.digits
)

select * from final

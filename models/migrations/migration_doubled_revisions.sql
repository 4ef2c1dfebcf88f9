{{ config(enabled=contract_declares('migrations')) }}

with

revisions as (
    select * from {{ source('migration_facts', 'migration_revisions') }}
),

final as (
    select
        tree,
        revision,
        min(file) as file,
        min(line) as line,
        string_agg(file, ', ' order by file) as files
    from revisions
    group by tree, revision
    having count(*) > 1
)

select * from final

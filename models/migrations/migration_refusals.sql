{{ config(enabled=contract_declares('migrations')) }}

with

refused as (
    select * from {{ source('migration_facts', 'migration_refused') }}
),

-- A file that says why what nobody can judge of it is in order.
accepted as (
    select distinct
        tree,
        file
    from {{ source('migration_facts', 'migration_suppressions') }}
    where check_id = 'migrations.rehearsal' and reason is not null
),

-- What might have been accepted, had the first one been.
followers as (
    select
        tree,
        follows as number,
        count(*) as statement_count,
        (array_agg(file || ':' || line order by number))[:5] as first_places
    from refused
    where follows is not null
    group by tree, follows
),

-- What does not parse is migrations.parse's; here it is what follows from it.
roots as (
    select
        refused.*,
        followers.first_places,
        coalesce(followers.statement_count, 0) as follower_count,
        accepted.file is not null as is_accepted
    from refused
    left join accepted
        on refused.tree = accepted.tree and refused.file = accepted.file
    left join followers
        on refused.tree = followers.tree and refused.number = followers.number
    where
        refused.follows is null
        and (
            refused.refused_for <> 'syntax'
            or followers.statement_count is not null
        )
),

final as (
    select
        tree,
        file,
        line,
        number,
        direction,
        refused_for,
        case when refused_for <> 'doubled type' then object_name end as table_name,
        case when refused_for = 'doubled type' then object_name end as type_name,
        severity,
        follower_count,
        is_unknown or refused_for = 'syntax' as is_unknown,
        is_accepted,
        concat_ws('; ', says, explanation) || case
            when follower_count > 0
                then format(
                    ' (%s later statement%s could not be judged for it: %s%s)',
                    follower_count,
                    case when follower_count > 1 then 's' end,
                    array_to_string(first_places, ', '),
                    case when follower_count > 5 then ' ...' end
                )
            else ''
        end as says,
        fix
    from roots
)

select * from final

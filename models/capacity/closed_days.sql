{{ config(enabled=contract_declares('capacity')) }}

{% set database_name = text_literal(var('contract')['database']) %}

select
    {{ database_name }} as database_name,
    (select closed_through from {{ ref('ledger_settlement') }}) as closed_through,
    (
        select count(*)
        from {{ source('history', 'closed_days') }} as closed_days
        where closed_days.database_name = {{ database_name }}
    ) as closed_day_count,
    (select unhashed_day_count from {{ ref('ledger_settlement') }}) as unhashed_day_count,
    (
        select count(*)
        from {{ ref('closed_day_changes') }}
        where stated_by is null
    ) as changed_day_count

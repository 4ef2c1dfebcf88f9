{{ config(enabled=contract_declares('capacity')) }}

with

-- Not materialized though used twice: a key looked for must reach the tables.
reservations as not materialized (
    select * from {{ ref('stg_reservations') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

studios as (
    select * from {{ ref('stg_studios') }}
),

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

entries as (
    select * from {{ ref('stg_competition_entries') }}
),

-- One aggregate over all three tables beats joining three aggregates, and lets Postgres
-- look a single reservation up by its key in each of them (docs/performance.md).
facts as (
    select
        reservation_id,
        'reservation' as fact,
        status,
        spaces_confirmed as amount,
        approved_at as happened_at
    from reservations
    union all
    select
        reservation_id,
        case
            when reason in ({{ capacity_reasons('approval') }}) then 'approval'
            when reason in ({{ capacity_reasons('refunds') }}) then 'refund'
            else 'other change'
        end as fact,
        null as status,
        change_tokens as amount,
        created_at as happened_at
    from ledger
    union all
    select
        reservation_id,
        'entry' as fact,
        null as status,
        null as amount,
        null as happened_at
    from entries
    where status is distinct from 'cancelled'
),

totals as (
    select
        reservation_id,
        max(status collate "C") collate "default" as status,
        max(amount) filter (where fact = 'reservation') as spaces_confirmed,
        max(happened_at) filter (where fact = 'reservation') as approved_at,
        count(*) filter (
            where fact in ('approval', 'refund', 'other change')
        ) as ledger_entry_count,
        coalesce(sum(amount) filter (
            where fact in ('approval', 'refund', 'other change')
        ), 0)::bigint as ledger_tokens,
        count(*) filter (where fact = 'approval') as approval_entry_count,
        (sum(-amount) filter (where fact = 'approval'))::bigint as deducted_tokens,
        min(happened_at) filter (where fact = 'approval') as first_approval_entry_at,
        count(*) filter (where fact = 'refund') as refund_entry_count,
        coalesce(
            sum(amount) filter (where fact = 'refund'), 0
        )::bigint as refunded_tokens,
        min(happened_at) filter (where fact = 'refund') as first_refund_at,
        count(*) filter (where fact = 'entry') as entry_count
    from facts
    group by reservation_id
    -- What hangs on no reservation, or on one that is gone, is judged entry by entry.
    having count(*) filter (where fact = 'reservation') > 0
),

judged as (
    select
        *,
        coalesce(
            status in ({{ capacity_statuses('holding') }}), false
        ) as holds_capacity,
        coalesce(
            status in ({{ capacity_statuses('released') }}), false
        ) as is_released,
        coalesce(
            approved_at < {{ capacity_epoch() }}, false
        ) as is_approved_before_epoch,
        case
            when
                status in ({{ capacity_statuses('summarized') }})
                and spaces_confirmed is not null
                then greatest(spaces_confirmed - entry_count, 0)
        end as expected_refund_tokens
    from totals
),

final as (
    select
        reservations.tenant_id,
        judged.reservation_id,
        reservations.competition_id,
        competitions.competition_name,
        reservations.studio_id,
        studios.studio_name,
        judged.status,
        judged.holds_capacity,
        judged.spaces_confirmed,
        judged.approved_at,
        judged.is_released,
        judged.is_approved_before_epoch,
        judged.ledger_entry_count,
        judged.approval_entry_count,
        coalesce(judged.deducted_tokens, 0) as deducted_tokens,
        judged.first_approval_entry_at,
        judged.refunded_tokens,
        judged.expected_refund_tokens,
        judged.first_refund_at,
        judged.ledger_tokens,
        judged.entry_count,
        (
            judged.holds_capacity
            and coalesce(judged.spaces_confirmed, 0) > 0
            and judged.approval_entry_count = 0
        ) as is_approval_missing,
        (
            judged.holds_capacity
            and coalesce(judged.spaces_confirmed, 0) > 0
            and judged.approval_entry_count = 0
            and not judged.is_approved_before_epoch
        ) as is_new_orphan_approval,
        (judged.approval_entry_count > 1) as is_approval_repeated,
        (
            judged.approval_entry_count = 1
            and judged.spaces_confirmed is not null
            and (judged.deducted_tokens is distinct from judged.spaces_confirmed)
        ) as is_approval_amount_wrong,
        coalesce(
            judged.refunded_tokens <> judged.expected_refund_tokens, false
        ) as is_refund_wrong,
        (
            judged.approval_entry_count > 0
            -- An approval that adds has deducted nothing, not less than nothing.
            and judged.refunded_tokens > greatest(judged.deducted_tokens, 0)
        ) as is_refund_excessive,
        (
            coalesce(judged.first_refund_at < judged.first_approval_entry_at, false)
            or (
                judged.refund_entry_count > 0
                and judged.approval_entry_count = 0
                and judged.approved_at is null
            )
        ) as is_refund_premature,
        (judged.is_released and judged.ledger_tokens <> 0) as is_holding_while_released
    from judged
    left join reservations on judged.reservation_id = reservations.reservation_id
    left join competitions on reservations.competition_id = competitions.competition_id
    left join studios on reservations.studio_id = studios.studio_id
)

select * from final

{{ config(enabled=contract_declares('capacity')) }}

with

competitions as (
    select * from {{ ref('stg_competitions') }}
),

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

orphan_approvals as (
    select * from {{ ref('orphan_approvals') }}
),

ledger_by_competition as (
    select
        competition_id,
        count(*) as ledger_entry_count,
        sum(change_tokens)::bigint as ledger_tokens
    from ledger
    group by competition_id
),

missing_approvals_by_competition as (
    select
        competition_id,
        count(*) as missing_approval_count,
        coalesce(
            sum(-spaces_confirmed) filter (where is_legacy), 0
        )::bigint as legacy_missing_approval_tokens,
        coalesce(
            sum(-spaces_confirmed) filter (where not is_legacy), 0
        )::bigint as new_missing_approval_tokens,
        (array_agg(
            format(
                'reservation %s has no ledger entry (%s, %s spaces, approved %s, %s)',
                reservation_id,
                coalesce(studio_name, 'unknown studio'),
                spaces_confirmed,
                coalesce(
                    to_char(
                        approved_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'
                    ),
                    'at an unknown time'
                ),
                case
                    when is_legacy then 'before the ledger''s epoch: legacy'
                    else 'after the ledger''s epoch: new'
                end
            )
            order by spaces_confirmed desc, reservation_id asc
        ))[1] as largest_missing_approval
    from orphan_approvals
    group by competition_id
),

reconciled as (
    select
        competitions.tenant_id,
        competitions.competition_id,
        competitions.competition_name,
        competitions.total_tokens,
        competitions.available_tokens,
        coalesce(ledger_by_competition.ledger_entry_count, 0) as ledger_entry_count,
        coalesce(ledger_by_competition.ledger_tokens, 0) as ledger_tokens,
        coalesce(
            missing_approvals_by_competition.missing_approval_count, 0
        ) as missing_approval_count,
        coalesce(
            missing_approvals_by_competition.legacy_missing_approval_tokens, 0
        ) as legacy_missing_approval_tokens,
        coalesce(
            missing_approvals_by_competition.new_missing_approval_tokens, 0
        ) as new_missing_approval_tokens,
        missing_approvals_by_competition.largest_missing_approval
    from competitions
    left join ledger_by_competition
        on competitions.competition_id = ledger_by_competition.competition_id
    left join missing_approvals_by_competition
        on competitions.competition_id = missing_approvals_by_competition.competition_id
),

compared as (
    select
        *,
        total_tokens + ledger_tokens as expected_available_tokens,
        available_tokens - (total_tokens + ledger_tokens) as discrepancy_tokens,
        available_tokens
        - (total_tokens - ledger_tokens) as wrong_sign_discrepancy_tokens
    from reconciled
),

explained as (
    select
        *,
        discrepancy_tokens
        - legacy_missing_approval_tokens
        - new_missing_approval_tokens as unexplained_tokens
    from compared
),

final as (
    select
        tenant_id,
        competition_id,
        competition_name,
        total_tokens,
        available_tokens,
        ledger_entry_count,
        ledger_tokens,
        expected_available_tokens,
        discrepancy_tokens,
        abs(discrepancy_tokens) as absolute_discrepancy_tokens,
        wrong_sign_discrepancy_tokens,
        missing_approval_count,
        legacy_missing_approval_tokens,
        new_missing_approval_tokens,
        unexplained_tokens,
        case
            when discrepancy_tokens is null
                then 'its total or its available tokens are null'
            when missing_approval_count = 0 and discrepancy_tokens = 0
                then 'balance and ledger agree'
            when missing_approval_count = 0
                then 'balance and ledger disagree, and nothing on record says why'
            when missing_approval_count = 1
                then largest_missing_approval
            else format(
                '%s approvals have no ledger entry; the largest: %s',
                missing_approval_count,
                largest_missing_approval
            )
        end as explanation
    from explained
)

select * from final

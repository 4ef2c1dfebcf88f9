{{ config(enabled=contract_declares('ledger', 'ledgers.write')) }}

-- noqa: disable=layout.indent

{% set parts = [] %}
{% for ledger, block in ledger_parts('blocks', 'writes') %}
{% for column, holds in ledger_named_holds(ledger, block) %}
{% do parts.append((ledger, block, holds)) %}
{% endfor %}
{% endfor %}
{% for ledger, block, holds in parts %}
select
    {{ ledger.name }}::text as ledger,
    {{ text_literal(holds.balance) }}::text as balance,
    {{ block.name }}::text as entries,
    {{ holds.label_of }}::text as holds,
    counterfoil_missing.tenant_id,
    counterfoil_missing.account::{{ ledger_type('account') }} as account,
    counterfoil_missing.hold::{{ ledger_type('hold') }} as hold,
    counterfoil_missing.hold_label,
    counterfoil_missing.hold_status,
    {{ ledger_amount('counterfoil_missing.hold_amount') }} as hold_amount,
    {{ ledger_amount('counterfoil_missing.amount') }} as missing_amount,
    -- What the entry would be, read as the ledger reads those that are there.
    proposal.entry,
    proposal.account::{{ ledger_type('account') }} as entry_account,
    {{ ledger_amount('proposal.own_amount') }} as change_amount,
    {{ ledger_amount('proposal.amount') }} as counted_amount,
    proposal.reason,
    proposal.created_at,
    counterfoil_missing.row_values,
    coalesce(proposal.hold = counterfoil_missing.hold, false) as names_hold
from (
    select
        counterfoil_missing.*,
        (
            select
                jsonb_build_object(
                    {%- for column, written in block.writes[holds.name].items() %}
                    {{ text_literal(column) }}, {{ written }}{{ ',' if not loop.last }}
                    {%- endfor %}
                )
            from {{ holds.relation }}
            where {{ holds.hold }} = counterfoil_missing.hold
        ) as row_values
    from (
        select
            hold,
            account,
            tenant_id,
            hold_label,
            hold_status,
            hold_amount,
            direction * hold_amount as amount
        from {{ ledger_hold_rows(ledger, holds) }} as hold_rows
        where hold_fault = 'missing'
    ) as counterfoil_missing
) as counterfoil_missing
cross join lateral (
    select
        ({{ block.entry }})::text as entry,
        {{ block.account }} as account,
        {{ block.amount or 'null::numeric' }} as own_amount,
        {{ block.effects[holds.balance] or 'null::numeric' }} as amount,
        {{ block.reason }} as reason,
        {{ block.at }} as created_at,
        {{ block.holds[holds.name] }} as hold
    from {{ block.proposal }}
) as proposal
{% if not loop.last %}
union all
{% endif %}
{% endfor %}

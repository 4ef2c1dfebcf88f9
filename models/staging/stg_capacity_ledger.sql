{{ config(enabled=contract_declares('capacity')) }}

{#
    Below here a deduction is negative, whichever way round the application writes it. An
    int4 stays one: its sums are bigint, and cost a third of those of bigint, which Postgres
    makes numeric. What negates it casts first, for the least int4 has no opposite.
#}
{% set capacity = var('contract').get('capacity') or {} %}
{% set is_positive = capacity.get('deductions_are') == 'positive' %}

select
    id as ledger_entry_id,
    tenant_id,
    competition_id,
    reservation_id,
    {{ '-change_amount::bigint' if is_positive else 'change_amount' }} as change_tokens,
    reason::text as reason,
    created_at
from {{ source('application', 'capacity_ledger') }}

{{ config(enabled=contract_declares('capacity')) }}

{# Below here a deduction is negative, whichever way round the application writes it. #}
{% set capacity = var('contract').get('capacity') or {} %}
{% set sign = '-1' if capacity.get('deductions_are') == 'positive' else '1' %}

select
    id as ledger_entry_id,
    tenant_id,
    competition_id,
    reservation_id,
    {{ sign }} * change_amount::bigint as change_tokens,
    reason::text as reason,
    created_at
from {{ source('application', 'capacity_ledger') }}

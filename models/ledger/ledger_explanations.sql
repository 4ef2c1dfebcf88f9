{{ config(enabled=contract_declares('ledger', 'ledgers.sums')) }}

{% for ledger, balance in ledger_parts('balances', 'stored', 'has_terms') %}
select
    {{ ledger.name }}::text as ledger,
    {{ balance.label }}::text as balance,
    sums.tenant_id,
    sums.account::{{ ledger_type('account') }} as account,
    sums.account_label,
    {{ ledger_amount('sums.discrepancy_amount') }} as discrepancy_amount,
    evidence.tier,
    evidence.cause,
    evidence.entity_type,
    evidence.part,
    evidence.entity,
    {{ ledger_amount('evidence.amount') }} as amount,
    evidence.evidence_role,
    {{ ledger_amount('evidence.cause_amount') }} as cause_amount,
    evidence.candidate_count,
    evidence.detail
from {{ ledger_sums(ledger) }} as sums
cross join lateral ({{ ledger_explained(ledger, balance, 'sums') }}) as evidence
where
    sums.balance = {{ balance.label }}
    and sums.has_row
    and sums.is_audited
    and sums.discrepancy_amount <> 0
    and sums.discrepancy_amount::numeric not in ('NaN', 'Infinity', '-Infinity')
    and evidence.evidence_role <> 'rest'
{% if not loop.last %}
union all
{% endif %}
{% endfor %}

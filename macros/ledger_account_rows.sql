{#
    The accounts of a ledger, a row for each: several rows of one key count together.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances, whose opening and stored are wanted.
    Returns: a subquery: account, tenant_id, label, currency, created_at, is_audited, opening and
        stored.
    Example: left join {{ ledger_account_rows(ledger) }} as accounts on ...
#}
{% macro ledger_account_rows(ledger, balance=none) -%}
{%- set accounts = ledger.accounts -%}
{%- set audited = 'filter (where ' ~ accounts.is_audited ~ ')' -%}
(
    select
        {{ accounts.account }} as account,
        {%- if accounts.is_once %}
        {{ accounts.tenant }} as tenant_id,
        {{ accounts.label }} as label,
        {{ accounts.is_audited }} as is_audited,
        {{ accounts.currency }} as currency,
        {{ accounts.created_at }} as created_at
        {%- if balance %},
        case when {{ accounts.is_audited }} then {{ ledger_opening(ledger, balance) }} end
            as opening,
        case when {{ accounts.is_audited }} then {{ balance.stored or 'null::numeric' }} end
            as stored
        {%- endif %}
        {%- else %}
        min({{ accounts.tenant }}) {{ audited }} as tenant_id,
        min({{ accounts.label }}) {{ audited }} as label,
        bool_or({{ accounts.is_audited }}) as is_audited,
        case
            when min({{ accounts.currency }}) {{ audited }} = max({{ accounts.currency }}) {{ audited }}
                then min({{ accounts.currency }}) {{ audited }}
        end as currency,
        min({{ accounts.created_at }}) {{ audited }} as created_at
        {%- if balance %},
        {%- set opening = ledger_opening(ledger, balance) %}
        case
            when bool_and({{ opening }} is not null) {{ audited }}
                then {{ 'max' if balance.is_recorded else 'sum' }}({{ opening }}) {{ audited }}
        end as opening,
        case
            when bool_and({{ balance.stored or 'null::numeric' }} is not null) {{ audited }}
                then sum({{ balance.stored or 'null::numeric' }}) {{ audited }}
        end as stored
        {%- endif %}
        {%- endif %}
    from {{ accounts.relation }}
    where {{ accounts.is_set }}
    {%- if not accounts.is_once %}
    group by {{ accounts.account }}
    {%- endif %}
)
{%- endmacro %}

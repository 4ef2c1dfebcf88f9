{#
    The accounts of a ledger, a row for each: several rows of one key count together.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances, whose opening is wanted.
    Returns: a subquery: account, tenant_id, label, currency, created_at and opening.
    Example: left join {{ ledger_account_rows(ledger) }} as accounts on ...
#}
{% macro ledger_account_rows(ledger, balance=none) -%}
{%- set accounts = ledger.accounts -%}
(
    select
        {{ accounts.account }} as account,
        {%- if accounts.is_once %}
        {{ accounts.tenant }} as tenant_id,
        {{ accounts.label }} as label,
        {{ accounts.currency }} as currency,
        {{ accounts.created_at }} as created_at
        {%- if balance %},
        {{ balance.opening }} as opening
        {%- endif %}
        {%- else %}
        min({{ accounts.tenant }}) as tenant_id,
        min({{ accounts.label }}) as label,
        case
            when min({{ accounts.currency }}) = max({{ accounts.currency }})
                then min({{ accounts.currency }})
        end as currency,
        min({{ accounts.created_at }}) as created_at
        {%- if balance %},
        sum({{ balance.opening }}) as opening
        {%- endif %}
        {%- endif %}
    from {{ accounts.relation }}
    where {{ accounts.is_set }}
    {%- if not accounts.is_once %}
    group by {{ accounts.account }}
    {%- endif %}
)
{%- endmacro %}

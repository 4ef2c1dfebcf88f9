{#
    What an account has without entries, as a number of its row.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
    Returns: an expression over a row of the accounts' table. Where it is on record: null until
        the first audit has recorded it, and 0 for an account that appeared later.
    Example: {{ ledger_opening(ledger, balance) }} as opening
#}
{% macro ledger_opening(ledger, balance) -%}
{%- if balance.is_recorded -%}
(
    select coalesce(kept.amount, 0)
    from {{ source('history', 'recorded_balances') }} as recorded
    left join {{ source('history', 'recorded_openings') }} as kept
        on
            recorded.database_name = kept.database_name
            and recorded.ledger = kept.ledger
            and recorded.balance = kept.balance
            and kept.account = ({{ ledger.accounts.account }})::text
    where
        recorded.database_name = {{ text_literal(var('contract')['database']) }}
        and recorded.ledger = {{ ledger.name }}
        and recorded.balance = {{ balance.label }}
        and recorded.recorded_at <= {{ as_of() }}
)
{%- else -%}
{{ balance.opening or 'null::numeric' }}
{%- endif -%}
{%- endmacro %}

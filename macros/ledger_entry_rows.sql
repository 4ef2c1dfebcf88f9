{#
    The rows of a block of entries by the names that the pack's views have for their columns. The
    contract's SQL stands alone here, where no name of ours can be taken for one of its own.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries.
        balance: a balance of the ledger: then `is_counted` says whether a row is part of its
            sum, `amount` what it adds there, and `uncounted_amount` what it would if it counted.
    Returns: a subquery: entry, account, tenant_id, happened_at, reason, currency, transaction,
        own_amount, alike, counts, needs_hold, original, original_amount, is_original_missing,
        is_original_uncounted,
        found, left_amount, and of each of its holds hold_1, of each column of its order order_1.
    Example: from {{ ledger_entry_rows(ledger, block, balance) }} as entries
#}
{% macro ledger_entry_rows(ledger, block, balance=none) -%}
{%- set running = block.running or {} -%}
(
    select
        {{ block.entry }}::{{ ledger_type('entry') }} as entry,
        {{ block.account }} as account,
        {{ block.tenant }} as tenant_id,
        {{ block.at }} as happened_at,
        {{ block.reason }} as reason,
        {{ block.currency }} as currency,
        {{ block.transaction or 'null::text' }} as transaction,
        -- What is taken back is negated: of a smaller type the least has no opposite.
        ({{ block.amount or 'null' }})::{{ ledger_type('amount') }} as own_amount,
        {{ block.alike }} as alike,
        ({{ block.counts }}) is true as counts,
        {{ ledger_needs_hold(ledger, block) }} as needs_hold,
        {{ block.reverses or 'null' }} as original,
        {{ block.original_amount or 'null::numeric' }} as original_amount,
        {{ block.is_original_missing or 'false' }} as is_original_missing,
        {{ '(' ~ block.is_orphan ~ ') is true' if block.is_orphan else 'false' }}
            as is_original_uncounted,
        {{ running.before or 'null::numeric' }} as found,
        {{ running.after or 'null::numeric' }} as left_amount
        {%- for column in running.order or [] %},
        {{ column }} as order_{{ loop.index }}
        {%- endfor %}
        {%- for hold in block.holds.values() %},
        {{ hold }} as hold_{{ loop.index }}
        {%- endfor %}
        {%- if balance %},
        ({{ block.counted[balance.name] or 'false' }}) is true as is_counted,
        ({{ block.effects[balance.name] or 'null' }})::{{ balance.type }} as amount,
        ({{ block.gross[balance.name] or 'null' }})::{{ balance.type }} as uncounted_amount
        {%- endif %}
    from {{ block.relation }}
)
{%- endmacro %}

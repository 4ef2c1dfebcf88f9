{#
    The entries that take another one back, and whether that works out: their original is there,
    and together they come to no more than it. Of several the first that exceeds it is meant.

    Arguments:
        block: a block of entries with `reverses`.
        account: of which account, as an SQL expression; of all, if not given.
    Returns: a subquery: entry, account, amount, is_unmatched and exceeds.
    Example: left join {{ ledger_reversals(block) }} as reversals on ...
#}
{% macro ledger_reversals(block, account=none) -%}
(
    select
        entry,
        account,
        amount,
        original_amount is null or (
            reversed_amount > abs(original_amount)
            and reversed_amount - own_amount <= abs(original_amount)
        ) as is_unmatched,
        coalesce(reversed_amount > abs(original_amount), false) as exceeds
    from (
        select
            entry,
            account,
            amount,
            original_amount,
            -sign(original_amount) * amount as own_amount,
            sum(-sign(original_amount) * amount) over (
                partition by original order by happened_at asc, entry asc
            ) as reversed_amount
        from (
            select
                {{ block.entry }} as entry,
                {{ block.account }} as account,
                {{ block.amount or 'null::numeric' }} as amount,
                {{ block.reverses }} as original,
                {{ block.at }} as happened_at,
                counterfoil_originals.amount as original_amount
            from {{ block.relation }}
            where
                ({{ block.counts }})
                and {{ block.reverses }} is not null
                and ({{ block.is_orphan }}) is not true
                {%- if account %}
                and {{ block.account }} = {{ account }}
                {%- endif %}
        ) as counted
    ) as added
)
{%- endmacro %}

{#
    What some entries are, in whatever order: another key, amount, reason or hold, or an entry
    exchanged for another, gives another number.

    Arguments:
        block: a block of entries; its rows are called `entries`.
    Returns: an aggregate, a numeric.
    Example: select {{ ledger_entries_hash(block) }} as entries_hash
#}
{% macro ledger_entries_hash(block) -%}
coalesce(
    sum(
        hashtextextended(
            format(
                '%L %L %L %L',
                entries.entry,
                {{ in_words('entries.own_amount') }},
                entries.reason,
                {{ ledger_hold_of(block) }}
            ),
            0
        )::numeric
    ),
    0
)
{%- endmacro %}

{# What the entries of a group are, whatever their order: another key, amount, reason or
   reservation, or an entry exchanged for another, gives another number. #}
{% macro entries_hash(entry) -%}
coalesce(
    sum(
        hashtextextended(
            format(
                '%L %L %L %L',
                {{ entry }}.ledger_entry_id,
                {{ entry }}.change_tokens,
                {{ entry }}.reason,
                {{ entry }}.reservation_id
            ),
            0
        )::numeric
    ),
    0
)
{%- endmacro %}

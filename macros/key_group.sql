{#
    What the rows of a key are grouped by.

    Arguments:
        rule: one of the derived contract's `unique_keys`.
        alias: the alias of its table in the query.
    Returns: what stands after `group by`; the one group of all rows where Postgres cannot
        compare the key, of which `rule_applies` leaves none.
    Example: group by {{ key_group(rule, 'source_row') }}
#}
{% macro key_group(rule, alias) -%}
    {%- if rule['is_incomparable'] -%} ()
    {%- elif rule['grouped'] is defined -%} {{ rule['grouped'] | join(', ') }}
    {%- else -%} {{ quoted_columns(alias, rule['columns']) }}
    {%- endif -%}
{%- endmacro %}

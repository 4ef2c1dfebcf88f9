{#
    The instant that 'now', 'future' and 'older' mean: the one that the audit declares for
    its snapshot, or that a dated database declares for itself
    (`alter database d set counterfoil.as_of = '...'`), else the transaction's own.
    An analyst who selects from a view directly gets the latter. It is a query of its own,
    so that Postgres reads the setting once, and not for each row.

    Arguments: none.
    Returns: an SQL expression of type timestamptz.
    Example: created_at > {{ as_of() }}
#}
{% macro as_of() -%}
    (select coalesce(
        nullif(current_setting('counterfoil.as_of', true), '')::timestamptz,
        transaction_timestamp()
    ))
{%- endmacro %}

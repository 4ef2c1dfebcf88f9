{#
    The versions that an application's own record of migrations says are applied, whatever
    tool wrote it, spelt as the files' versions are: without leading zeros.

    Arguments:
        tree: the tree's name in the contract.
        declared: the tree, of the contract, with its history.
    Returns: a select of tree, format, version and checksum (text).
    Example: {{ migration_history('backend', tree) }}
#}
{% macro migration_history(tree, declared) -%}
{%- set table = declared['history']['table'] -%}
{%- set format = declared['history']['format'] -%}
{%- if '.' in table -%}
    {%- set schema, name = table.rsplit('.', 1) -%}
{%- else -%}
    {%- set schema, name = declared.get('default_schema', 'public'), table -%}
{%- endif -%}
{%- set version = {
    'alembic': 'record.version_num',
    'drizzle': 'record.created_at',
    'goose': 'record.version_id',
    'prisma': "substring(record.migration_name from '^[0-9]+')",
    'sql-migrate': 'record.id',
}.get(format, 'record.version') -%}
{%- set checksum = {'flyway': 'record.checksum', 'drizzle': 'record.hash'}.get(format) -%}
select
    {{ text_literal(tree) }} as tree,
    {{ text_literal(format) }} as record_format,
    {% if format in ('alembic', 'sql-migrate', 'drizzle') -%}
    {{ version }}::text as version,
    {%- else -%}
    regexp_replace(
        regexp_replace({{ version }}::text, '(^|[.])0+([0-9])', '\1\2', 'g'),
        '([.]0)+$', ''
    ) as version,
    {%- endif %}
    {{ checksum ~ '::text' if checksum else 'null::text' }} as checksum
from {{ quoted(schema) }}.{{ quoted(name) }} as record
{%- if format == 'flyway' %}
where record.success and record.version is not null
{%- elif format == 'prisma' %}
where record.finished_at is not null and record.rolled_back_at is null
{%- elif format == 'goose' %}
where
    record.version_id > 0
    and record.id in (
        select max(latest.id)
        from {{ quoted(schema) }}.{{ quoted(name) }} as latest
        group by latest.version_id
    )
    and record.is_applied
{%- endif %}
{%- endmacro %}

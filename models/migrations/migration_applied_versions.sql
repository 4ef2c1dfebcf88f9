{{ config(enabled=contract_declares('migrations'), schema='counterfoil_staging') }}

select
    null::text as tree,
    null::text as record_format,
    null::text as version,
    null::text as checksum
where false
{% for tree, declared in (var('contract').get('migrations') or {}).items()
    if declared.get('history') %}
union all
{{ migration_history(tree, declared) }}
{% endfor %}

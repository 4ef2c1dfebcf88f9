{#
    A view that is replaced in place, so that the views which analysts made on top of
    it survive a rebuild. dbt's own view materialization swaps the old view out and
    drops it with CASCADE, which takes the dependents with it, silently.

    Postgres refuses to replace a view whose existing columns change their name, type or
    order. Then `dbt run --full-refresh` drops it, and everything that depends on it,
    and creates it anew; `counterfoil run` does so only where nobody else's view would go.

    Arguments: none; it is dbt's materialization `view` for Postgres.
    Returns: the relation built.
    Example: {{ config(materialized='view') }}
#}
{% materialization view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set view = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none and (should_full_refresh() or not existing.is_view) %}
        {{ drop_relation_if_exists(existing) }}
    {% endif %}

    {% call statement('main') -%}
        create or replace view {{ view }}
        {%- if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        {%- endif %} as (
            {{ sql }}
        )
    {%- endcall %}

    {% do apply_grants(view, config.get('grants'), should_revoke=False) %}
    {% do persist_docs(view, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [view]}) }}
{% endmaterialization %}

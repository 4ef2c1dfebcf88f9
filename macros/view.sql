{#
    A view that is replaced in place, so that the views which analysts made on top of
    it survive a rebuild. dbt's own view materialization swaps the old view out and
    drops it with CASCADE, which takes the dependents with it, silently.

    Postgres refuses to replace a view whose existing columns change their name, type or
    order. Then `dbt run --full-refresh` drops it, and everything that depends on it,
    and creates it anew; `counterfoil run` does so only where nobody else's view would go.

    Where `meta` says `hides_rows`, what a reader asks of the view is asked of the rows that it
    shows alone (`security_barrier`): a function in their `where`, cheaper than the view's own,
    would see them all. Of a view that is a bare `union all` Postgres heeds no barrier, so the
    rows are selected once more.

    A model in several parts (`in_parts`) is a view each: `name`, `name__2` and so on.

    Arguments: none; it is dbt's materialization `view` for Postgres.
    Returns: the relations built.
    Example: {{ config(materialized='view') }}
#}
{% materialization view, adapter='postgres' %}
    {%- set views = [] -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% for part in sql.split(next_part()) %}
        {%- set view = this.incorporate(type='view') if loop.first else api.Relation.create(
            database=this.database,
            schema=this.schema,
            identifier=this.identifier ~ '__' ~ loop.index,
            type='view'
        ) -%}
        {%- set existing = load_cached_relation(view) -%}
        {% if existing is not none and (should_full_refresh() or not existing.is_view) %}
            {{ drop_relation_if_exists(existing) }}
        {% endif %}
        {% call statement('main' if loop.last else 'part') -%}
            create or replace view {{ view }}
            {%- if config.get('contract').enforced %}
            {{ get_assert_columns_equivalent(part) }}
            {%- endif %}
            {%- if config.get('meta').get('hides_rows') %} with (security_barrier) as (
                select * from (
                    {{ part }}
                ) as shown
            )
            {%- else %} as (
                {{ part }}
            )
            {%- endif %}
        {%- endcall %}
        {% do apply_grants(view, config.get('grants'), should_revoke=False) %}
        {% do persist_docs(view, model) %}
        {% do views.append(view) %}
    {% endfor %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': views}) }}
{% endmaterialization %}

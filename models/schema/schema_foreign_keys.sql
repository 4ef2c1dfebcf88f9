{{ config(enabled=contract_declares('schema')) }}

-- Each input is worked out once: it is used more than once, and nested it would be again
-- for every use.
with

foreign_keys as materialized (
    select * from {{ ref('catalog_foreign_keys') }}
),

pairs as materialized (
    select * from {{ ref('catalog_foreign_key_columns') }}
),

key_columns as materialized (
    select
        constraint_oid,
        string_agg(column_name, ', ' order by position_in_key) as column_names,
        string_agg(parent_column_name, ', ' order by position_in_key)
            as parent_column_names,
        bool_or(type_oid <> parent_type_oid) as has_type_difference,
        string_agg(
            format(
                '%s is %s, its parent %s',
                column_name,
                format_type(type_oid, null),
                format_type(parent_type_oid, null)
            ),
            '; ' order by position_in_key
        ) filter (where type_oid <> parent_type_oid) as type_difference
    from pairs
    group by constraint_oid
),

enforced as materialized (
    select * from {{ ref('enforced_foreign_keys') }}
),

-- Of a partition's own key the rows of all of them. Postgres says -1 of a table that it has
-- not looked at yet.
counted as materialized (
    select
        storage.table_oid as root_oid,
        case
            when min(relations.reltuples) >= 0 then sum(relations.reltuples)::bigint
        end as row_count
    from {{ ref('catalog_storage') }} as storage
    inner join pg_catalog.pg_class as relations on storage.storage_oid = relations.oid
    where relations.relkind <> 'p'
    group by storage.table_oid
),

indexed as materialized (
    select constraint_oid from {{ ref('indexed_foreign_keys') }}
),

{% if contract_part('tenant') %}
owned as materialized (
    select * from {{ ref('tenant_owned_tables') }}
),

-- Both sides have the tenant, and no pair of the key's columns is the two tenants.
tenantless as materialized (
    select foreign_keys.constraint_oid
    from foreign_keys
    inner join owned as children on foreign_keys.root_oid = children.table_oid
    inner join owned as parents on foreign_keys.parent_oid = parents.table_oid
    where
        children.tenant_column is not null
        and parents.tenant_column is not null
        and not exists (
            select true
            from pairs
            where
                foreign_keys.constraint_oid = pairs.constraint_oid
                and children.tenant_column_number = pairs.root_column_number
                and parents.tenant_column_number = pairs.parent_column_number
        )
),
{% else %}
tenantless as materialized (
    select null::oid as constraint_oid
    where false
),
{% endif %}

-- The delete would fail, each time: the column that it empties cannot be null.
unnullable as materialized (
    select distinct foreign_keys.constraint_oid
    from foreign_keys
    inner join pairs
        on
            foreign_keys.constraint_oid = pairs.constraint_oid
            and pairs.column_number = any(foreign_keys.columns_set_on_delete)
    where foreign_keys.delete_rule = 'set null' and pairs.is_not_null
),

schema_map as materialized (
    select
        mapped.key as schema_name,
        array(select jsonb_array_elements_text(mapped.value)) as allowed_schemas
    from jsonb_each(
        {{ contract_json(contract_part('structure.references_allowed') or {}) }}
    ) as mapped
),

misdirected as materialized (
    select
        foreign_keys.constraint_oid,
        (
            select
                coalesce(
                    string_agg(
                        namesakes.table_name, ', ' order by namesakes.table_name
                    ),
                    'nothing'
                )
            from {{ ref('catalog_tables') }} as namesakes
            where
                namesakes.relation_name = foreign_keys.parent_relation_name
                and (
                    namesakes.schema_name = foreign_keys.schema_name
                    or namesakes.schema_name = any(schema_map.allowed_schemas)
                )
        ) as intended_table_names
    from foreign_keys
    left join schema_map
        on
            foreign_keys.schema_name = schema_map.schema_name
            or (
                schema_map.schema_name
                = {{ text_literal(contract_part('schemas.like') or '') }}
                and {{ is_tenant_schema('foreign_keys.schema_name') }}
            )
    where
        {{ (contract_part('structure.references_allowed') is not none) | lower }}
        and foreign_keys.parent_schema_name <> foreign_keys.schema_name
        -- That says more.
        and not {{ is_tenant_schema('foreign_keys.parent_schema_name') }}
        and not coalesce(
            foreign_keys.parent_schema_name = any(schema_map.allowed_schemas), false
        )
        and foreign_keys.parent_schema_name <> all(
            {{ contract_texts('structure.row_security.provided_schemas') }}
        )
),

final as (
    select
        foreign_keys.table_name,
        foreign_keys.constraint_name,
        key_columns.column_names,
        foreign_keys.parent_table_name,
        key_columns.parent_column_names,
        counted.row_count as estimated_row_count,
        foreign_keys.delete_rule,
        enforced.is_validated,
        enforced.is_enforced,
        enforced.has_enabled_triggers,
        (
            enforced.is_validated
            and enforced.is_enforced
            and enforced.has_enabled_triggers
        ) as is_holding,
        case
            when not enforced.is_enforced then 'is NOT ENFORCED'
            when not enforced.has_enabled_triggers then 'has a disabled trigger'
            when not enforced.is_validated then 'is NOT VALID'
            else 'holds'
        end as state,
        (
            foreign_keys.constraint_oid in (select indexed.constraint_oid from indexed)
        ) as is_indexed,
        (tenantless.constraint_oid is not null) as is_tenant_left_out,
        (misdirected.constraint_oid is not null) as is_schema_forbidden,
        misdirected.intended_table_names,
        (
            foreign_keys.parent_schema_name <> foreign_keys.schema_name
            and {{ is_tenant_schema('foreign_keys.parent_schema_name') }}
        ) as is_in_tenants_schema,
        case
            when
                foreign_keys.delete_rule = 'cascade'
                and {{ matches_glob(
                    'foreign_keys.table_name', contract_texts('structure.ledgers')
                ) }}
                then 'deletes rows of a ledger'
            when unnullable.constraint_oid is not null
                then 'sets a NOT NULL column to null'
            else 'safe'
        end as delete_effect,
        key_columns.has_type_difference,
        key_columns.type_difference
    from foreign_keys
    inner join key_columns on foreign_keys.constraint_oid = key_columns.constraint_oid
    inner join enforced on foreign_keys.constraint_oid = enforced.constraint_oid
    left join counted on foreign_keys.root_oid = counted.root_oid
    left join tenantless on foreign_keys.constraint_oid = tenantless.constraint_oid
    left join unnullable on foreign_keys.constraint_oid = unnullable.constraint_oid
    left join misdirected on foreign_keys.constraint_oid = misdirected.constraint_oid
)

select * from final

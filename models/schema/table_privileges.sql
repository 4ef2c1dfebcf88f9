{{ config(enabled=contract_declares('schema', 'structure.privileges')) }}

-- What the roles of the contract may do with each table, itself or as members of another
-- role, and what the contract lets them. What everybody may is PUBLIC's, and nobody else's.
with

tables as (
    select * from {{ ref('catalog_tables') }}
),

declared as (
    select
        declared.role as role_name,
        array(
            select {{ like_pattern('glob.value') }}
            from jsonb_array_elements_text(declared.tables) as glob (value)
        ) as patterns,
        array(
            select upper(word.name)
            from jsonb_array_elements_text(coalesce(declared.may, '[]')) as word (name)
        ) as rights
    from
        jsonb_to_recordset({{ contract_json(contract_part('structure.privileges')) }})
            as declared (role text, tables jsonb, may jsonb)
),

roles as (
    select distinct role_name
    from declared
),

-- Whose rights are a role's. PUBLIC has the oid 0; a role that does not exist has none.
grantees as (
    select
        role_name,
        0::oid as grantee
    from roles
    where role_name = 'public'

    union all

    select
        roles.role_name,
        inherited.oid as grantee
    from roles
    inner join pg_catalog.pg_roles as named on roles.role_name = named.rolname
    cross join pg_catalog.pg_roles as inherited
    where pg_catalog.pg_has_role(named.oid, inherited.oid, 'USAGE')
),

allowed as (
    select
        tables.table_oid,
        declared.role_name,
        word.name as privilege
    from declared
    cross join lateral unnest(declared.rights) as word (name)
    inner join tables on tables.table_name like any(declared.patterns)
),

-- Of a column too: who may update one of them may update the table's rows.
lists as (
    select
        storage.table_oid,
        coalesce(
            relations.relacl, pg_catalog.acldefault('r', relations.relowner)
        ) as access_list
    from {{ ref('catalog_storage') }} as storage
    inner join pg_catalog.pg_class as relations on storage.storage_oid = relations.oid

    union all

    select
        storage.table_oid,
        attributes.attacl as access_list
    from {{ ref('catalog_storage') }} as storage
    inner join pg_catalog.pg_attribute as attributes
        on storage.storage_oid = attributes.attrelid
    where attributes.attacl is not null and not attributes.attisdropped
),

granted as (
    select distinct
        lists.table_oid,
        right_of.grantee,
        right_of.privilege_type::text as privilege
    from lists
    cross join lateral pg_catalog.aclexplode(lists.access_list) as right_of
),

held as (
    select distinct
        granted.table_oid,
        grantees.role_name,
        granted.privilege
    from granted
    inner join grantees on granted.grantee = grantees.grantee
),

compared as (
    select
        held.table_oid,
        held.role_name,
        string_agg(lower(held.privilege), ', ' order by held.privilege)
            as privileges_held,
        string_agg(lower(held.privilege), ', ' order by held.privilege) filter (
            where allowed.privilege is null
        ) as privileges_beyond
    from held
    left join allowed
        on
            held.table_oid = allowed.table_oid
            and held.role_name = allowed.role_name
            and held.privilege = allowed.privilege
    group by held.table_oid, held.role_name
),

final as (
    select
        tables.table_name,
        roles.role_name,
        coalesce(compared.privileges_held, 'nothing') as privileges_held,
        compared.privileges_beyond,
        (compared.privileges_beyond is null) as is_as_expected
    from tables
    cross join roles
    left join compared
        on
            tables.table_oid = compared.table_oid
            and roles.role_name = compared.role_name
)

select * from final

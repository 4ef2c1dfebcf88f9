{{ config(enabled=contract_declares('health')) }}

-- Those of this database, and of the whole server: they fill one disk. A slot that was cut
-- off keeps nothing any more.
with

slots as (
    select
        slots.slot_name::text as slot_name,
        slots.slot_type::text as slot_type,
        slots.active as is_active,
        slots.wal_status,
        slots.restart_lsn
    from pg_catalog.pg_replication_slots as slots
    where
        not slots.temporary
        and (slots.database is null or slots.database = current_database())
),

measured as (
    select
        slot_name,
        slot_type,
        is_active,
        wal_status,
        case
            when restart_lsn is null then 0
            when pg_catalog.pg_is_in_recovery()
                then
                    pg_catalog.pg_wal_lsn_diff(
                        pg_catalog.pg_last_wal_replay_lsn(), restart_lsn
                    )
            else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)
        end::bigint as kept_bytes,
        {{ contract_part('health.idle_slot_bytes') or 0 }}::bigint as allowed_bytes
    from slots
),

final as (
    select
        slot_name,
        slot_type,
        is_active,
        wal_status,
        kept_bytes,
        allowed_bytes,
        (is_active or kept_bytes <= allowed_bytes) as is_within_limit
    from measured
)

select * from final

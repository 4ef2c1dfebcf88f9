CREATE SCHEMA counterfoil_history;
CREATE TABLE counterfoil_history.incidents (
    incident_id bigint NOT NULL,
    database_name text NOT NULL,
    check_id text NOT NULL,
    fingerprint text NOT NULL,
    status text NOT NULL,
    severity text NOT NULL,
    owner text NOT NULL,
    tenant_id text,
    subject text,
    key jsonb NOT NULL,
    message text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    clean_before timestamp with time zone,
    resolved_at timestamp with time zone,
    reopened_count integer DEFAULT 0 NOT NULL,
    first_size numeric,
    size numeric,
    worst_size numeric,
    CONSTRAINT incidents_status_check CHECK ((status = ANY (ARRAY['open'::text, 'waived'::text, 'resolved'::text])))
);
CREATE TABLE counterfoil_history.closed_through (
    database_name text NOT NULL,
    day date NOT NULL,
    closed_at timestamp with time zone NOT NULL
);
CREATE TABLE counterfoil_history.stated_changes (
    plan_id text NOT NULL,
    database_name text NOT NULL,
    stated_at timestamp with time zone DEFAULT now() NOT NULL,
    day date NOT NULL,
    competition_id text NOT NULL,
    entry_count bigint NOT NULL,
    ledger_tokens bigint NOT NULL,
    accepted_at timestamp with time zone
);
CREATE TABLE counterfoil_history.closed_days (
    database_name text NOT NULL,
    day date NOT NULL,
    competition_id text NOT NULL,
    entry_count bigint NOT NULL,
    ledger_tokens bigint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    accepted_because text
);
CREATE TABLE counterfoil_history.audits (
    audit_number bigint NOT NULL,
    audit_id text NOT NULL,
    database_name text NOT NULL,
    contract text NOT NULL,
    status text NOT NULL,
    snapshot_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    packs_left_out text[] DEFAULT '{}'::text[] NOT NULL
);
CREATE TABLE counterfoil_history.check_results (
    audit_number bigint NOT NULL,
    check_id text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL,
    category text NOT NULL,
    owner text NOT NULL,
    relation text NOT NULL,
    rows_checked bigint,
    finding_count bigint NOT NULL,
    waived_count bigint NOT NULL,
    seconds double precision,
    detail text
);
CREATE TABLE counterfoil_history.findings (
    audit_number bigint NOT NULL,
    check_id text NOT NULL,
    fingerprint text NOT NULL,
    severity text NOT NULL,
    tenant_id text,
    subject text,
    key jsonb NOT NULL,
    observed jsonb NOT NULL,
    size numeric,
    message text NOT NULL,
    waived_by text,
    waived_because text,
    waived_until date
);
CREATE TABLE counterfoil_history.incident_changes (
    audit_number bigint NOT NULL,
    incident_id bigint NOT NULL,
    change text NOT NULL,
    status_before text,
    size_before numeric,
    size_after numeric
);
CREATE TABLE counterfoil_history.table_volumes (
    audit_number bigint NOT NULL,
    database_name text NOT NULL,
    table_name text NOT NULL,
    row_count bigint NOT NULL
);
CREATE TABLE counterfoil_history.alerts (
    alert_number bigint NOT NULL,
    alert_id text NOT NULL,
    database_name text NOT NULL,
    audit_id text NOT NULL,
    recipient text NOT NULL,
    tone text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    incident_ids bigint[] NOT NULL,
    judged boolean,
    composed_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    delivered_at timestamp with time zone
);
ALTER TABLE counterfoil_history.alerts ALTER COLUMN alert_number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME counterfoil_history.alerts_alert_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE counterfoil_history.audits ALTER COLUMN audit_number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME counterfoil_history.audits_audit_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE counterfoil_history.incidents ALTER COLUMN incident_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME counterfoil_history.incidents_incident_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE counterfoil_history.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
INSERT INTO counterfoil_history.audits OVERRIDING SYSTEM VALUE VALUES
	(1, '20261127T001250Z-9ceca3', 'empwr', 'dbt_project.yml', 'critical', '2025-10-30 05:00:00+00', '2026-11-27 00:13:46.11548+00', '2026-11-27 00:13:47.838906+00', '2026-11-27 00:13:47.920648+00', '{}'),
	(2, '20261127T001401Z-5d23ca', 'empwr', 'dbt_project.yml', 'critical', '2025-10-30 05:00:00+00', '2026-11-27 00:14:31.275052+00', '2026-11-27 00:14:33.606241+00', '2026-11-27 00:14:33.734089+00', '{}'),
	(3, '20261127T001448Z-3525b3', 'empwr', 'dbt_project.yml', 'critical', '2025-10-30 16:00:00+00', '2026-11-27 00:15:15.811833+00', '2026-11-27 00:15:18.074221+00', '2026-11-27 00:15:18.237133+00', '{}');
INSERT INTO counterfoil_history.check_results VALUES
	(1, 'capacity.ledger_entry_has_reservation', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 22, 0, 0, 0.3441629439985263, NULL),
	(1, 'capacity.ledger_entry_matches_competition', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 22, 0, 0, 0.3441629439985263, NULL),
	(1, 'capacity.ledger_reason_and_sign_agree', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 22, 0, 0, 0.3441629439985263, NULL),
	(1, 'capacity.ledger_entry_time_plausible', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 22, 0, 0, 0.3441629439985263, NULL),
	(1, 'capacity.no_rapid_repeat', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 22, 0, 0, 0.3441629439985263, NULL),
	(1, 'capacity.sign_convention_holds', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_sign_convention', 1, 0, 0, 0.0997896459994081, NULL),
	(1, 'capacity.closed_days_unchanged', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.closed_days', 0, 0, 0, 0.05101175500021782, NULL),
	(1, 'capacity.available_matches_ledger', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 1, 0, 0.2260882739974477, NULL),
	(1, 'capacity.available_matches_ledger_exactly', 'warning', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 1, 0, 0.2260882739974477, NULL),
	(1, 'capacity.running_balance_in_range', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 0, 0, 0.2260882739974477, NULL),
	(1, 'capacity.not_oversold', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 0, 0, 0.2260882739974477, NULL),
	(1, 'integrity.required_values_filled', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.completeness', 245, 0, 0, 0.059148993001144845, NULL),
	(1, 'integrity.references_resolve', 'critical', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 619, 0, 0, 0.07053009500305052, NULL),
	(1, 'integrity.required_references_set', 'warning', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 619, 0, 0, 0.07053009500305052, NULL),
	(1, 'capacity.approval_has_ledger_entry', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 1, 0, 0.28507584200269775, NULL),
	(1, 'capacity.no_new_orphan_approvals', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.approval_recorded_once', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.approval_amount_matches_spaces', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.refund_matches_unused_spaces', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.refund_within_approval', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.refund_follows_approval', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'capacity.released_reservation_holds_nothing', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 14, 0, 0, 0.28507584200269775, NULL),
	(1, 'integrity.source_not_empty', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 284, 0, 0, 0.061198196995974286, NULL),
	(1, 'integrity.source_fresh', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 284, 0, 0, 0.061198196995974286, NULL),
	(1, 'integrity.volume_plausible', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 284, 0, 0, 0.061198196995974286, NULL),
	(1, 'tenancy.references_stay_in_tenant', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_isolation', 337, 0, 0, 0.03187761500157649, NULL),
	(1, 'tenancy.tenant_is_set', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_ownership', 282, 0, 0, 0.062064312001893995, NULL),
	(1, 'integrity.no_duplicates', 'warning', 'pass', 'Duplicate detection', 'data', 'counterfoil.uniqueness', 231, 0, 0, 0.05498887999783619, NULL),
	(1, 'integrity.values_allowed', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.validity', 56, 0, 0, 0.04435289300090517, NULL),
	(1, 'audit.every_check_ran', 'critical', 'pass', 'Audit', 'data', 'expectations', 29, 0, 0, NULL, NULL),
	(1, 'audit.waivers_in_use', 'warning', 'pass', 'Audit', 'data', 'waivers', 0, 0, 0, NULL, NULL),
	(2, 'capacity.ledger_entry_has_reservation', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.38747157100078766, NULL),
	(2, 'capacity.ledger_entry_matches_competition', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.38747157100078766, NULL),
	(2, 'capacity.ledger_reason_and_sign_agree', 'warning', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 1, 0, 0.38747157100078766, NULL),
	(2, 'capacity.ledger_entry_time_plausible', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.38747157100078766, NULL),
	(2, 'capacity.no_rapid_repeat', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.38747157100078766, NULL),
	(2, 'capacity.sign_convention_holds', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_sign_convention', 1, 0, 0, 0.06712407099985285, NULL),
	(2, 'capacity.closed_days_unchanged', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.closed_days', 0, 0, 0, 0.10912804400140885, NULL),
	(2, 'capacity.available_matches_ledger', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 4, 0, 0.2600736649983446, NULL),
	(2, 'capacity.available_matches_ledger_exactly', 'warning', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 4, 0, 0.2600736649983446, NULL),
	(2, 'capacity.running_balance_in_range', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 0, 0, 0.2600736649983446, NULL),
	(2, 'capacity.not_oversold', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 2, 0, 0.2600736649983446, NULL),
	(2, 'integrity.required_values_filled', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.completeness', 246, 0, 0, 0.0802253460024076, NULL),
	(2, 'integrity.references_resolve', 'critical', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 628, 0, 0, 0.0965236250012822, NULL),
	(2, 'integrity.required_references_set', 'warning', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 628, 0, 0, 0.0965236250012822, NULL),
	(2, 'capacity.approval_has_ledger_entry', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 2, 0, 0.4323911579995183, NULL),
	(2, 'capacity.no_new_orphan_approvals', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'capacity.approval_recorded_once', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 1, 0, 0.4323911579995183, NULL),
	(2, 'capacity.approval_amount_matches_spaces', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'capacity.refund_matches_unused_spaces', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'capacity.refund_within_approval', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'capacity.refund_follows_approval', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'capacity.released_reservation_holds_nothing', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.4323911579995183, NULL),
	(2, 'integrity.source_not_empty', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.12473421799586504, NULL),
	(2, 'integrity.source_fresh', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.12473421799586504, NULL),
	(2, 'integrity.volume_plausible', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.12473421799586504, NULL),
	(2, 'tenancy.references_stay_in_tenant', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_isolation', 343, 0, 0, 0.05552233400158002, NULL),
	(2, 'tenancy.tenant_is_set', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_ownership', 285, 0, 0, 0.08343955000236747, NULL),
	(2, 'integrity.no_duplicates', 'warning', 'pass', 'Duplicate detection', 'data', 'counterfoil.uniqueness', 231, 0, 0, 0.07521550699675572, NULL),
	(2, 'integrity.values_allowed', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.validity', 59, 0, 0, 0.07557343400185346, NULL),
	(2, 'audit.every_check_ran', 'critical', 'pass', 'Audit', 'data', 'expectations', 29, 0, 0, NULL, NULL),
	(2, 'audit.waivers_in_use', 'warning', 'pass', 'Audit', 'data', 'waivers', 0, 0, 0, NULL, NULL),
	(3, 'capacity.ledger_entry_has_reservation', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.3230291149993718, NULL),
	(3, 'capacity.ledger_entry_matches_competition', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.3230291149993718, NULL),
	(3, 'capacity.ledger_reason_and_sign_agree', 'warning', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 1, 0, 0.3230291149993718, NULL),
	(3, 'capacity.ledger_entry_time_plausible', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.3230291149993718, NULL),
	(3, 'capacity.no_rapid_repeat', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_ledger_audit', 24, 0, 0, 0.3230291149993718, NULL),
	(3, 'capacity.sign_convention_holds', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.capacity_sign_convention', 1, 0, 0, 0.12923251400206937, NULL),
	(3, 'capacity.closed_days_unchanged', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.closed_days', 0, 0, 0, 0.0951272849997622, NULL),
	(3, 'capacity.available_matches_ledger', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 4, 0, 0.2939221919987176, NULL),
	(3, 'capacity.available_matches_ledger_exactly', 'warning', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 4, 0, 0.2939221919987176, NULL),
	(3, 'capacity.running_balance_in_range', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 0, 0, 0.2939221919987176, NULL),
	(3, 'capacity.not_oversold', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.competition_capacity', 12, 2, 0, 0.2939221919987176, NULL),
	(3, 'integrity.required_values_filled', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.completeness', 246, 0, 0, 0.07221217099504429, NULL),
	(3, 'integrity.references_resolve', 'critical', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 628, 0, 0, 0.08417664899752708, NULL),
	(3, 'integrity.required_references_set', 'warning', 'pass', 'Referential integrity', 'data', 'counterfoil.referential_integrity', 628, 0, 0, 0.08417664899752708, NULL),
	(3, 'capacity.approval_has_ledger_entry', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 2, 0, 0.37993095999991056, NULL),
	(3, 'capacity.no_new_orphan_approvals', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'capacity.approval_recorded_once', 'critical', 'fail', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 1, 0, 0.37993095999991056, NULL),
	(3, 'capacity.approval_amount_matches_spaces', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'capacity.refund_matches_unused_spaces', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'capacity.refund_within_approval', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'capacity.refund_follows_approval', 'warning', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'capacity.released_reservation_holds_nothing', 'critical', 'pass', 'Capacity ledger', 'capacity', 'counterfoil.reservation_capacity', 15, 0, 0, 0.37993095999991056, NULL),
	(3, 'integrity.source_not_empty', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.17954741599533008, NULL),
	(3, 'integrity.source_fresh', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.17954741599533008, NULL),
	(3, 'integrity.volume_plausible', 'warning', 'pass', 'Data completeness', 'data', 'counterfoil.source_tables', 287, 0, 0, 0.17954741599533008, NULL),
	(3, 'tenancy.references_stay_in_tenant', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_isolation', 343, 0, 0, 0.050815653001336614, NULL),
	(3, 'tenancy.tenant_is_set', 'critical', 'pass', 'Tenant isolation', 'platform', 'counterfoil.tenant_ownership', 285, 0, 0, 0.056429486994602485, NULL),
	(3, 'integrity.no_duplicates', 'warning', 'pass', 'Duplicate detection', 'data', 'counterfoil.uniqueness', 231, 0, 0, 0.036346304001199314, NULL),
	(3, 'integrity.values_allowed', 'critical', 'pass', 'Data completeness', 'data', 'counterfoil.validity', 59, 0, 0, 0.0978546880032809, NULL),
	(3, 'audit.every_check_ran', 'critical', 'pass', 'Audit', 'data', 'expectations', 29, 0, 0, NULL, NULL),
	(3, 'audit.waivers_in_use', 'warning', 'pass', 'Audit', 'data', 'waivers', 0, 0, 0, NULL, NULL);
INSERT INTO counterfoil_history.closed_through VALUES
	('empwr', '2025-10-28', '2025-10-30 05:00:00+00');
INSERT INTO counterfoil_history.findings VALUES
	(1, 'capacity.available_matches_ledger', '8263aa5cee1ea6c8747a8c2155d34e95ebb9ce93b587eb49dd994bc35ee1491b', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(1, 'capacity.available_matches_ledger_exactly', 'f6b6ac63670dbf5e9e63d9d8a20a2cd61f99c826dbc50b9d01accc88e80b4995', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(1, 'capacity.approval_has_ledger_entry', 'c4c5f99d3c5898cac78c4594f4bf2f88c6e9ff3936a4700c2d5235a5b8404b87', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"reservation_id": "6a570147-57a0-4f50-8b89-f3044b28c4dc"}', '{"status": "approved", "approved_at": "2025-10-28T23:06:28+00:00", "entry_count": 0, "studio_name": "Dans Dancer", "ledger_tokens": 0, "competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672", "deducted_tokens": 0, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "EMPWR Dance - London", "spaces_confirmed": 50, "ledger_entry_count": 0, "approval_entry_count": 0, "expected_refund_tokens": null, "first_approval_entry_at": null, "is_approved_before_epoch": true}', 50, 'Reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc (Dans Dancer, EMPWR Dance - London) holds 50 spaces, approved 2025-10-28 23:06:28 UTC, and has no approval entry', NULL, NULL, NULL),
	(2, 'capacity.ledger_reason_and_sign_agree', '5ef2a6b632c61d4373e10af29d56685c677d2e0d7c4f6fb9b525b6901dd163a6', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"ledger_entry_id": "00000000-0000-0000-00ff-000000000002"}', '{"reason": "fee", "created_at": "2025-10-30T03:00:00+00:00", "change_tokens": -7, "competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904", "reservation_id": null, "competition_name": "EMPWR Dance - St. Catharines #1", "previous_like_it_at": null, "reservation_competition_id": null}', -7, 'Ledger entry 00000000-0000-0000-00ff-000000000002 (fee, -7 tokens, EMPWR Dance - St. Catharines #1) has an unknown reason, no amount, or a sign that its reason forbids', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger', 'b9dfadad8e88b4ca7c6f04a39998576111fbfa5a999c0814fe97a29601418ca0', 'critical', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger', 'a5805ab4f964c8649e9038f6bc8cbe142c9116d146e54401c361895740208450', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', '{"explanation": "reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces)", "held_tokens": 101, "total_tokens": 600, "ledger_tokens": -201, "adjusted_tokens": 0, "available_tokens": 499, "competition_name": "QA Automation Event", "discrepancy_tokens": 100, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 399, "expected_available_tokens": 399}', 100, 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger', '8263aa5cee1ea6c8747a8c2155d34e95ebb9ce93b587eb49dd994bc35ee1491b', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger', 'e43a05551b4f538872793004966d4712f05bb725dfc6c29a79d6231c23525c5d', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', '{"explanation": "ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee", "held_tokens": 510, "total_tokens": 600, "ledger_tokens": -517, "adjusted_tokens": 0, "available_tokens": 90, "competition_name": "EMPWR Dance - St. Catharines #1", "discrepancy_tokens": 7, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 83, "expected_available_tokens": 83}', 7, 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger_exactly', 'bbdf899c7effc26ab35aa44175fcbf71955c5c7aaa849d641e7e536bb13e6b6f', 'warning', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger_exactly', '5ba9f49a16d90484e63f1565aafc38667767ba6ec22d391dd71e7319308fe320', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', '{"explanation": "reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces)", "held_tokens": 101, "total_tokens": 600, "ledger_tokens": -201, "adjusted_tokens": 0, "available_tokens": 499, "competition_name": "QA Automation Event", "discrepancy_tokens": 100, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 399, "expected_available_tokens": 399}', 100, 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger_exactly', 'f6b6ac63670dbf5e9e63d9d8a20a2cd61f99c826dbc50b9d01accc88e80b4995', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.available_matches_ledger_exactly', '6ebd88f699ff1a058da9555e943e413f4359e8a86f63ab4033acd39dd14aa21d', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', '{"explanation": "ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee", "held_tokens": 510, "total_tokens": 600, "ledger_tokens": -517, "adjusted_tokens": 0, "available_tokens": 90, "competition_name": "EMPWR Dance - St. Catharines #1", "discrepancy_tokens": 7, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 83, "expected_available_tokens": 83}', 7, 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', NULL, NULL, NULL),
	(2, 'capacity.not_oversold', '574aa9b12fa2003d4f087c281e8c98611d1780716c60364daf5bddce20b431b4', 'critical', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener holds 0 spaces of 600, adjusted by +0, and has -1 stored as free', NULL, NULL, NULL),
	(2, 'capacity.not_oversold', '72c94c2499f26ca7f842cdab0324d62984fcc953d4cdacb7104c697b06932047', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"competition_id": "00000000-0000-0000-0003-000000000005"}', '{"explanation": "balance and ledger agree", "held_tokens": 601, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": 600, "competition_name": "EMPWR Dance Championships - St. Catharines 2025", "discrepancy_tokens": 0, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', 0, 'EMPWR Dance Championships - St. Catharines 2025 holds 601 spaces of 600, adjusted by +0, and has 600 stored as free', NULL, NULL, NULL),
	(2, 'capacity.approval_has_ledger_entry', '04bf9f4ea97966e17146363841a1e4d46088935dd0bd061ba4d763b9b8e38583', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"reservation_id": "00000000-0000-0000-00ff-000000000001"}', '{"status": "approved", "approved_at": "2025-10-28T20:00:00+00:00", "entry_count": 0, "studio_name": "asd", "ledger_tokens": 0, "competition_id": "00000000-0000-0000-0003-000000000005", "deducted_tokens": 0, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "EMPWR Dance Championships - St. Catharines 2025", "spaces_confirmed": 601, "ledger_entry_count": 0, "approval_entry_count": 0, "expected_refund_tokens": null, "first_approval_entry_at": null, "is_approved_before_epoch": true}', 601, 'Reservation 00000000-0000-0000-00ff-000000000001 (asd, EMPWR Dance Championships - St. Catharines 2025) holds 601 spaces, approved 2025-10-28 20:00:00 UTC, and has no approval entry', NULL, NULL, NULL),
	(2, 'capacity.approval_has_ledger_entry', 'c4c5f99d3c5898cac78c4594f4bf2f88c6e9ff3936a4700c2d5235a5b8404b87', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"reservation_id": "6a570147-57a0-4f50-8b89-f3044b28c4dc"}', '{"status": "approved", "approved_at": "2025-10-28T23:06:28+00:00", "entry_count": 0, "studio_name": "Dans Dancer", "ledger_tokens": 0, "competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672", "deducted_tokens": 0, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "EMPWR Dance - London", "spaces_confirmed": 50, "ledger_entry_count": 0, "approval_entry_count": 0, "expected_refund_tokens": null, "first_approval_entry_at": null, "is_approved_before_epoch": true}', 50, 'Reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc (Dans Dancer, EMPWR Dance - London) holds 50 spaces, approved 2025-10-28 23:06:28 UTC, and has no approval entry', NULL, NULL, NULL),
	(2, 'capacity.approval_recorded_once', 'c564f5abcba8c764ebef04c84a278bec4626f365859bc01bdbad2da4f83f35dd', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"reservation_id": "0a000100-0000-4000-8000-000000000001"}', '{"status": "approved", "approved_at": "2025-10-29T11:20:09+00:00", "entry_count": 0, "studio_name": "asd", "ledger_tokens": -200, "competition_id": "00000000-0000-0000-0003-000000000004", "deducted_tokens": 200, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "QA Automation Event", "spaces_confirmed": 100, "ledger_entry_count": 2, "approval_entry_count": 2, "expected_refund_tokens": null, "first_approval_entry_at": "2025-10-29T11:20:09+00:00", "is_approved_before_epoch": false}', 100, 'Reservation 0a000100-0000-4000-8000-000000000001 (asd, QA Automation Event) has 2 approval entries, 200 tokens deducted for 100 spaces', NULL, NULL, NULL),
	(3, 'capacity.ledger_reason_and_sign_agree', '5ef2a6b632c61d4373e10af29d56685c677d2e0d7c4f6fb9b525b6901dd163a6', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"ledger_entry_id": "00000000-0000-0000-00ff-000000000002"}', '{"reason": "fee", "created_at": "2025-10-30T03:00:00+00:00", "change_tokens": -7, "competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904", "reservation_id": null, "competition_name": "EMPWR Dance - St. Catharines #1", "previous_like_it_at": null, "reservation_competition_id": null}', -7, 'Ledger entry 00000000-0000-0000-00ff-000000000002 (fee, -7 tokens, EMPWR Dance - St. Catharines #1) has an unknown reason, no amount, or a sign that its reason forbids', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger', 'b9dfadad8e88b4ca7c6f04a39998576111fbfa5a999c0814fe97a29601418ca0', 'critical', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger', 'a5805ab4f964c8649e9038f6bc8cbe142c9116d146e54401c361895740208450', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', '{"explanation": "reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces)", "held_tokens": 101, "total_tokens": 600, "ledger_tokens": -201, "adjusted_tokens": 0, "available_tokens": 499, "competition_name": "QA Automation Event", "discrepancy_tokens": 100, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 399, "expected_available_tokens": 399}', 100, 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger', '8263aa5cee1ea6c8747a8c2155d34e95ebb9ce93b587eb49dd994bc35ee1491b', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger', 'e43a05551b4f538872793004966d4712f05bb725dfc6c29a79d6231c23525c5d', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', '{"explanation": "ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee", "held_tokens": 510, "total_tokens": 600, "ledger_tokens": -517, "adjusted_tokens": 0, "available_tokens": 90, "competition_name": "EMPWR Dance - St. Catharines #1", "discrepancy_tokens": 7, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 83, "expected_available_tokens": 83}', 7, 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger_exactly', 'bbdf899c7effc26ab35aa44175fcbf71955c5c7aaa849d641e7e536bb13e6b6f', 'warning', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger_exactly', '5ba9f49a16d90484e63f1565aafc38667767ba6ec22d391dd71e7319308fe320', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', '{"explanation": "reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces)", "held_tokens": 101, "total_tokens": 600, "ledger_tokens": -201, "adjusted_tokens": 0, "available_tokens": 499, "competition_name": "QA Automation Event", "discrepancy_tokens": 100, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 399, "expected_available_tokens": 399}', 100, 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger_exactly', 'f6b6ac63670dbf5e9e63d9d8a20a2cd61f99c826dbc50b9d01accc88e80b4995', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', '{"explanation": "reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy)", "held_tokens": 55, "total_tokens": 600, "ledger_tokens": -5, "adjusted_tokens": 0, "available_tokens": 545, "competition_name": "EMPWR Dance - London", "discrepancy_tokens": -50, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 450, "expected_available_tokens": 595}', -50, 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.available_matches_ledger_exactly', '6ebd88f699ff1a058da9555e943e413f4359e8a86f63ab4033acd39dd14aa21d', 'warning', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', '{"explanation": "ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee", "held_tokens": 510, "total_tokens": 600, "ledger_tokens": -517, "adjusted_tokens": 0, "available_tokens": 90, "competition_name": "EMPWR Dance - St. Catharines #1", "discrepancy_tokens": 7, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 83, "expected_available_tokens": 83}', 7, 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', NULL, NULL, NULL),
	(3, 'capacity.not_oversold', '574aa9b12fa2003d4f087c281e8c98611d1780716c60364daf5bddce20b431b4', 'critical', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', '{"explanation": "balance and ledger disagree, and nothing on record says why", "held_tokens": 0, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": -1, "competition_name": "Glow - Spring Opener", "discrepancy_tokens": -601, "unexplained_tokens": -601, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', -601, 'Glow - Spring Opener holds 0 spaces of 600, adjusted by +0, and has -1 stored as free', NULL, NULL, NULL),
	(3, 'capacity.not_oversold', '72c94c2499f26ca7f842cdab0324d62984fcc953d4cdacb7104c697b06932047', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"competition_id": "00000000-0000-0000-0003-000000000005"}', '{"explanation": "balance and ledger agree", "held_tokens": 601, "total_tokens": 600, "ledger_tokens": 0, "adjusted_tokens": 0, "available_tokens": 600, "competition_name": "EMPWR Dance Championships - St. Catharines 2025", "discrepancy_tokens": 0, "unexplained_tokens": 0, "highest_excess_tokens": 0, "lowest_balance_tokens": 600, "expected_available_tokens": 600}', 0, 'EMPWR Dance Championships - St. Catharines 2025 holds 601 spaces of 600, adjusted by +0, and has 600 stored as free', NULL, NULL, NULL),
	(3, 'capacity.approval_has_ledger_entry', '04bf9f4ea97966e17146363841a1e4d46088935dd0bd061ba4d763b9b8e38583', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"reservation_id": "00000000-0000-0000-00ff-000000000001"}', '{"status": "approved", "approved_at": "2025-10-28T20:00:00+00:00", "entry_count": 0, "studio_name": "asd", "ledger_tokens": 0, "competition_id": "00000000-0000-0000-0003-000000000005", "deducted_tokens": 0, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "EMPWR Dance Championships - St. Catharines 2025", "spaces_confirmed": 601, "ledger_entry_count": 0, "approval_entry_count": 0, "expected_refund_tokens": null, "first_approval_entry_at": null, "is_approved_before_epoch": true}', 601, 'Reservation 00000000-0000-0000-00ff-000000000001 (asd, EMPWR Dance Championships - St. Catharines 2025) holds 601 spaces, approved 2025-10-28 20:00:00 UTC, and has no approval entry', NULL, NULL, NULL),
	(3, 'capacity.approval_has_ledger_entry', 'c4c5f99d3c5898cac78c4594f4bf2f88c6e9ff3936a4700c2d5235a5b8404b87', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"reservation_id": "6a570147-57a0-4f50-8b89-f3044b28c4dc"}', '{"status": "approved", "approved_at": "2025-10-28T23:06:28+00:00", "entry_count": 0, "studio_name": "Dans Dancer", "ledger_tokens": 0, "competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672", "deducted_tokens": 0, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "EMPWR Dance - London", "spaces_confirmed": 50, "ledger_entry_count": 0, "approval_entry_count": 0, "expected_refund_tokens": null, "first_approval_entry_at": null, "is_approved_before_epoch": true}', 50, 'Reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc (Dans Dancer, EMPWR Dance - London) holds 50 spaces, approved 2025-10-28 23:06:28 UTC, and has no approval entry', NULL, NULL, NULL),
	(3, 'capacity.approval_recorded_once', 'c564f5abcba8c764ebef04c84a278bec4626f365859bc01bdbad2da4f83f35dd', 'critical', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"reservation_id": "0a000100-0000-4000-8000-000000000001"}', '{"status": "approved", "approved_at": "2025-10-29T11:20:09+00:00", "entry_count": 0, "studio_name": "asd", "ledger_tokens": -200, "competition_id": "00000000-0000-0000-0003-000000000004", "deducted_tokens": 200, "first_refund_at": null, "refunded_tokens": 0, "competition_name": "QA Automation Event", "spaces_confirmed": 100, "ledger_entry_count": 2, "approval_entry_count": 2, "expected_refund_tokens": null, "first_approval_entry_at": "2025-10-29T11:20:09+00:00", "is_approved_before_epoch": false}', 100, 'Reservation 0a000100-0000-4000-8000-000000000001 (asd, QA Automation Event) has 2 approval entries, 200 tokens deducted for 100 spaces', NULL, NULL, NULL);
INSERT INTO counterfoil_history.incident_changes VALUES
	(1, 1, 'new', NULL, NULL, -50),
	(1, 2, 'new', NULL, NULL, -50),
	(1, 3, 'new', NULL, NULL, 50),
	(2, 4, 'new', NULL, NULL, -7),
	(2, 5, 'new', NULL, NULL, -601),
	(2, 6, 'new', NULL, NULL, 100),
	(2, 8, 'new', NULL, NULL, 7),
	(2, 9, 'new', NULL, NULL, -601),
	(2, 10, 'new', NULL, NULL, 100),
	(2, 12, 'new', NULL, NULL, 7),
	(2, 13, 'new', NULL, NULL, -601),
	(2, 14, 'new', NULL, NULL, 0),
	(2, 15, 'new', NULL, NULL, 601),
	(2, 17, 'new', NULL, NULL, 100);
INSERT INTO counterfoil_history.incidents OVERRIDING SYSTEM VALUE VALUES
	(4, 'empwr', 'capacity.ledger_reason_and_sign_agree', '5ef2a6b632c61d4373e10af29d56685c677d2e0d7c4f6fb9b525b6901dd163a6', 'open', 'warning', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"ledger_entry_id": "00000000-0000-0000-00ff-000000000002"}', 'Ledger entry 00000000-0000-0000-00ff-000000000002 (fee, -7 tokens, EMPWR Dance - St. Catharines #1) has an unknown reason, no amount, or a sign that its reason forbids', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, -7, -7, -7),
	(5, 'empwr', 'capacity.available_matches_ledger', 'b9dfadad8e88b4ca7c6f04a39998576111fbfa5a999c0814fe97a29601418ca0', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, -601, -601, -601),
	(6, 'empwr', 'capacity.available_matches_ledger', 'a5805ab4f964c8649e9038f6bc8cbe142c9116d146e54401c361895740208450', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 100, 100, 100),
	(1, 'empwr', 'capacity.available_matches_ledger', '8263aa5cee1ea6c8747a8c2155d34e95ebb9ce93b587eb49dd994bc35ee1491b', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', NULL, NULL, 0, -50, -50, -50),
	(8, 'empwr', 'capacity.available_matches_ledger', 'e43a05551b4f538872793004966d4712f05bb725dfc6c29a79d6231c23525c5d', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 7, 7, 7),
	(9, 'empwr', 'capacity.available_matches_ledger_exactly', 'bbdf899c7effc26ab35aa44175fcbf71955c5c7aaa849d641e7e536bb13e6b6f', 'open', 'warning', 'capacity', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', 'Glow - Spring Opener is off by -601 tokens because balance and ledger disagree, and nothing on record says why; stored -1, expected 600, unexplained -601', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, -601, -601, -601),
	(10, 'empwr', 'capacity.available_matches_ledger_exactly', '5ba9f49a16d90484e63f1565aafc38667767ba6ec22d391dd71e7319308fe320', 'open', 'warning', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"competition_id": "00000000-0000-0000-0003-000000000004"}', 'QA Automation Event is off by +100 tokens because reservation 0a000100-0000-4000-8000-000000000001 has 2 approval entries (200 tokens for 100 spaces); stored 499, expected 399, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 100, 100, 100),
	(2, 'empwr', 'capacity.available_matches_ledger_exactly', 'f6b6ac63670dbf5e9e63d9d8a20a2cd61f99c826dbc50b9d01accc88e80b4995', 'open', 'warning', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"competition_id": "79cef00c-e163-449c-9f3c-d021fbb4d672"}', 'EMPWR Dance - London is off by -50 tokens because reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc has no ledger entry (Dans Dancer, 50 spaces, approved 2025-10-28 23:06:28 UTC, before the ledger''s epoch: legacy); stored 545, expected 595, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', NULL, NULL, 0, -50, -50, -50),
	(12, 'empwr', 'capacity.available_matches_ledger_exactly', '6ebd88f699ff1a058da9555e943e413f4359e8a86f63ab4033acd39dd14aa21d', 'open', 'warning', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '{"competition_id": "05c0eae4-cb2f-44cc-9c5e-6b2eed700904"}', 'EMPWR Dance - St. Catharines #1 is off by +7 tokens because ledger entry 00000000-0000-0000-00ff-000000000002 (-7 tokens) has the unknown reason fee; stored 90, expected 83, unexplained 0', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 7, 7, 7),
	(13, 'empwr', 'capacity.not_oversold', '574aa9b12fa2003d4f087c281e8c98611d1780716c60364daf5bddce20b431b4', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000002', 'competition_id 00000000-0000-0000-0003-000000000011', '{"competition_id": "00000000-0000-0000-0003-000000000011"}', 'Glow - Spring Opener holds 0 spaces of 600, adjusted by +0, and has -1 stored as free', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, -601, -601, -601),
	(14, 'empwr', 'capacity.not_oversold', '72c94c2499f26ca7f842cdab0324d62984fcc953d4cdacb7104c697b06932047', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"competition_id": "00000000-0000-0000-0003-000000000005"}', 'EMPWR Dance Championships - St. Catharines 2025 holds 601 spaces of 600, adjusted by +0, and has 600 stored as free', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 0, 0, 0),
	(15, 'empwr', 'capacity.approval_has_ledger_entry', '04bf9f4ea97966e17146363841a1e4d46088935dd0bd061ba4d763b9b8e38583', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000005', '{"reservation_id": "00000000-0000-0000-00ff-000000000001"}', 'Reservation 00000000-0000-0000-00ff-000000000001 (asd, EMPWR Dance Championships - St. Catharines 2025) holds 601 spaces, approved 2025-10-28 20:00:00 UTC, and has no approval entry', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 601, 601, 601),
	(3, 'empwr', 'capacity.approval_has_ledger_entry', 'c4c5f99d3c5898cac78c4594f4bf2f88c6e9ff3936a4700c2d5235a5b8404b87', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 79cef00c-e163-449c-9f3c-d021fbb4d672', '{"reservation_id": "6a570147-57a0-4f50-8b89-f3044b28c4dc"}', 'Reservation 6a570147-57a0-4f50-8b89-f3044b28c4dc (Dans Dancer, EMPWR Dance - London) holds 50 spaces, approved 2025-10-28 23:06:28 UTC, and has no approval entry', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', NULL, NULL, 0, 50, 50, 50),
	(17, 'empwr', 'capacity.approval_recorded_once', 'c564f5abcba8c764ebef04c84a278bec4626f365859bc01bdbad2da4f83f35dd', 'open', 'critical', 'capacity', '00000000-0000-0000-0000-000000000001', 'competition_id 00000000-0000-0000-0003-000000000004', '{"reservation_id": "0a000100-0000-4000-8000-000000000001"}', 'Reservation 0a000100-0000-4000-8000-000000000001 (asd, QA Automation Event) has 2 approval entries, 200 tokens deducted for 100 spaces', '2025-10-30 05:00:00+00', '2025-10-30 05:00:00+00', '2025-10-30 16:00:00+00', '2025-10-30 05:00:00+00', NULL, 0, 100, 100, 100);
INSERT INTO counterfoil_history.schema_migrations VALUES
	(1, '0001_history', '2026-11-27 00:13:13.144163+00'),
	(2, '0002_packs_left_out', '2026-11-27 00:13:13.144163+00');
INSERT INTO counterfoil_history.table_volumes VALUES
	(1, 'empwr', 'tenants', 2),
	(1, 'empwr', 'studios', 3),
	(1, 'empwr', 'dancers', 214),
	(1, 'empwr', 'competitions', 12),
	(1, 'empwr', 'reservations', 14),
	(1, 'empwr', 'competition_entries', 17),
	(1, 'empwr', 'capacity_ledger', 22),
	(2, 'empwr', 'tenants', 2),
	(2, 'empwr', 'studios', 3),
	(2, 'empwr', 'dancers', 214),
	(2, 'empwr', 'competitions', 12),
	(2, 'empwr', 'reservations', 15),
	(2, 'empwr', 'competition_entries', 17),
	(2, 'empwr', 'capacity_ledger', 24),
	(3, 'empwr', 'tenants', 2),
	(3, 'empwr', 'studios', 3),
	(3, 'empwr', 'dancers', 214),
	(3, 'empwr', 'competitions', 12),
	(3, 'empwr', 'reservations', 15),
	(3, 'empwr', 'competition_entries', 17),
	(3, 'empwr', 'capacity_ledger', 24);
SELECT pg_catalog.setval('counterfoil_history.alerts_alert_number_seq', 1, false);
SELECT pg_catalog.setval('counterfoil_history.audits_audit_number_seq', 3, true);
SELECT pg_catalog.setval('counterfoil_history.incidents_incident_id_seq', 31, true);
ALTER TABLE ONLY counterfoil_history.alerts
    ADD CONSTRAINT alerts_alert_id_key UNIQUE (alert_id);
ALTER TABLE ONLY counterfoil_history.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (alert_number);
ALTER TABLE ONLY counterfoil_history.audits
    ADD CONSTRAINT audits_audit_id_key UNIQUE (audit_id);
ALTER TABLE ONLY counterfoil_history.audits
    ADD CONSTRAINT audits_pkey PRIMARY KEY (audit_number);
ALTER TABLE ONLY counterfoil_history.check_results
    ADD CONSTRAINT check_results_pkey PRIMARY KEY (audit_number, check_id);
ALTER TABLE ONLY counterfoil_history.closed_days
    ADD CONSTRAINT closed_days_pkey PRIMARY KEY (database_name, day, competition_id);
ALTER TABLE ONLY counterfoil_history.closed_through
    ADD CONSTRAINT closed_through_pkey PRIMARY KEY (database_name);
ALTER TABLE ONLY counterfoil_history.findings
    ADD CONSTRAINT findings_pkey PRIMARY KEY (audit_number, check_id, fingerprint);
ALTER TABLE ONLY counterfoil_history.incident_changes
    ADD CONSTRAINT incident_changes_pkey PRIMARY KEY (audit_number, incident_id);
ALTER TABLE ONLY counterfoil_history.incidents
    ADD CONSTRAINT incidents_database_name_check_id_fingerprint_key UNIQUE (database_name, check_id, fingerprint);
ALTER TABLE ONLY counterfoil_history.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (incident_id);
ALTER TABLE ONLY counterfoil_history.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY counterfoil_history.stated_changes
    ADD CONSTRAINT stated_changes_pkey PRIMARY KEY (plan_id, day, competition_id);
ALTER TABLE ONLY counterfoil_history.table_volumes
    ADD CONSTRAINT table_volumes_pkey PRIMARY KEY (audit_number, table_name);
CREATE INDEX alerts_database_name_alert_number_idx ON counterfoil_history.alerts USING btree (database_name, alert_number) WHERE (delivered_at IS NULL);
CREATE INDEX alerts_database_name_recipient_alert_number_idx ON counterfoil_history.alerts USING btree (database_name, recipient, alert_number);
CREATE INDEX audits_database_name_audit_number_idx ON counterfoil_history.audits USING btree (database_name, audit_number);
CREATE INDEX check_results_check_id_audit_number_idx ON counterfoil_history.check_results USING btree (check_id, audit_number);
CREATE INDEX findings_fingerprint_audit_number_idx ON counterfoil_history.findings USING btree (fingerprint, audit_number);
CREATE INDEX incident_changes_incident_id_idx ON counterfoil_history.incident_changes USING btree (incident_id);
CREATE INDEX incidents_database_name_status_idx ON counterfoil_history.incidents USING btree (database_name, status);
CREATE INDEX table_volumes_database_name_table_name_audit_number_idx ON counterfoil_history.table_volumes USING btree (database_name, table_name, audit_number DESC);
ALTER TABLE ONLY counterfoil_history.check_results
    ADD CONSTRAINT check_results_audit_number_fkey FOREIGN KEY (audit_number) REFERENCES counterfoil_history.audits(audit_number) ON DELETE CASCADE;
ALTER TABLE ONLY counterfoil_history.findings
    ADD CONSTRAINT findings_audit_number_fkey FOREIGN KEY (audit_number) REFERENCES counterfoil_history.audits(audit_number) ON DELETE CASCADE;
ALTER TABLE ONLY counterfoil_history.incident_changes
    ADD CONSTRAINT incident_changes_audit_number_fkey FOREIGN KEY (audit_number) REFERENCES counterfoil_history.audits(audit_number) ON DELETE CASCADE;
ALTER TABLE ONLY counterfoil_history.incident_changes
    ADD CONSTRAINT incident_changes_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES counterfoil_history.incidents(incident_id) ON DELETE CASCADE;
ALTER TABLE ONLY counterfoil_history.table_volumes
    ADD CONSTRAINT table_volumes_audit_number_fkey FOREIGN KEY (audit_number) REFERENCES counterfoil_history.audits(audit_number) ON DELETE CASCADE;

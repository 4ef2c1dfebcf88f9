{#
    Every account of a ledger, or balance that entries name, with what is stored of it and what
    its entries come to. Accounts and entries are one aggregate: null equals null, and a look-up
    of one account reaches the tables.

    Arguments:
        ledger: one of `ledgers()`.
    Returns: a subquery, a row for an account and a balance.
    Example: from {{ ledger_sums(ledger) }} as sums
#}
{% macro ledger_sums(ledger) -%}
(
    select
        grouped.account,
        grouped.tenant_id,
        coalesce(grouped.account_label, grouped.account::text) as account_label,
        grouped.has_row,
        grouped.is_audited,
        balance.*
    from (
        select
            account,
            bool_or(is_row) as has_row,
            coalesce(bool_or(is_audited), false) as is_audited,
            min(tenant_id) filter (where is_audited) as tenant_id,
            min(account_label) filter (where is_audited) as account_label
            {%- for balance in ledger.balances %}
            {%- set n = loop.index %},
            case when bool_and(stored_{{ n }} is not null) filter (where is_audited)
                then (sum(stored_{{ n }}) filter (where is_audited))::{{ balance.type }}
            end as stored_{{ n }},
            case when bool_and(opening_{{ n }} is not null) filter (where is_audited)
                -- What is on record is the account's, however many rows it has.
                then (
                    {{ 'max' if balance.is_recorded else 'sum' }}(opening_{{ n }})
                    filter (where is_audited)
                )::{{ balance.type }}
            end as opening_{{ n }},
            min(min_{{ n }}) filter (where is_audited) as min_{{ n }},
            max(max_{{ n }}) filter (where is_audited) as max_{{ n }},
            coalesce(max(tolerance_{{ n }}) filter (where is_audited), 0) as tolerance_{{ n }},
            -- Of several rows: then nobody can say which of them holds.
            coalesce(
                (min(min_{{ n }}) filter (where is_audited))
                <> (max(min_{{ n }}) filter (where is_audited)),
                false
            )
            or coalesce(
                (min(max_{{ n }}) filter (where is_audited))
                <> (max(max_{{ n }}) filter (where is_audited)),
                false
            ) as has_several_bounds_{{ n }},
            coalesce(sum(count_{{ n }}), 0)::bigint as count_{{ n }},
            coalesce(sum(amount_{{ n }}), 0)::{{ balance.type }} as amount_{{ n }},
            coalesce(sum(raised_{{ n }}), 0)::{{ balance.type }} as raised_{{ n }}
            {%- endfor %}
        from (
            select
                {{ ledger.accounts.account }} as account,
                true as is_row,
                ({{ ledger.accounts.is_audited }}) is true as is_audited,
                {{ ledger.accounts.tenant }} as tenant_id,
                {{ ledger.accounts.label }} as account_label
                {%- for balance in ledger.balances %}
                {%- set n = loop.index %},
                ({{ balance.stored or 'null' }})::{{ balance.type }} as stored_{{ n }},
                ({{ ledger_opening(ledger, balance) }})::{{ balance.type }} as opening_{{ n }},
                ({{ balance.min or 'null' }})::numeric as min_{{ n }},
                ({{ balance.max or 'null' }})::numeric as max_{{ n }},
                ({{ balance.tolerance or 'null' }})::numeric as tolerance_{{ n }},
                null::bigint as count_{{ n }},
                null::{{ balance.type }} as amount_{{ n }},
                null::{{ balance.type }} as raised_{{ n }}
                {%- endfor %}
            from {{ ledger.accounts.relation }}
            where {{ ledger.accounts.is_set }}
            {%- for block in ledger.blocks %}
            union all
            select
                {{ block.account }},
                false,
                null,
                null,
                null
                {%- for balance in ledger.balances %}
                {%- set effect = block.effects[balance.name] %},
                null,
                null,
                null,
                null,
                null,
                {% if effect -%}
                count(*) filter (where {{ block.counted[balance.name] }}),
                sum({{ effect }})::{{ balance.type }},
                {%- if balance.max and ledger.reasons.adjusts %}
                (
                    sum(greatest({{ effect }}, 0))
                    filter (where {{ block.reason }} in {{ ledger.reasons.adjusts }})
                )::{{ balance.type }}
                {%- else %}
                null
                {%- endif %}
                {%- else -%}
                null,
                null,
                null
                {%- endif %}
                {%- endfor %}
            from {{ block.relation }}
            where {{ block.is_set }}
            group by {{ block.account }}
            {%- endfor %}
        ) as facts
        group by account
    ) as grouped
    cross join lateral (
        {%- for balance in ledger.balances %}
        {%- set n = loop.index %}
        select
            {{ balance.label }} as balance,
            {{ 'true' if balance.stored else 'false' }} as has_stored,
            {{ 'true' if balance.has_terms else 'false' }} as has_terms,
            {% if balance.is_recorded -%}
            coalesce(grouped.is_audited and grouped.opening_{{ n }} is null, false)
            {%- else -%}
            false
            {%- endif %} as lacks_opening,
            grouped.opening_{{ n }}::{{ ledger_type('amount') }} as opening_amount,
            grouped.stored_{{ n }}::{{ ledger_type('amount') }} as stored_amount,
            grouped.count_{{ n }} as entry_count,
            grouped.amount_{{ n }}::{{ ledger_type('amount') }} as entries_amount,
            (
                grouped.opening_{{ n }} + grouped.amount_{{ n }}
            )::{{ ledger_type('amount') }} as expected_amount,
            (
                grouped.stored_{{ n }} - (grouped.opening_{{ n }} + grouped.amount_{{ n }})
            )::{{ ledger_type('amount') }} as discrepancy_amount,
            (
                grouped.stored_{{ n }} - (grouped.opening_{{ n }} - grouped.amount_{{ n }})
            )::{{ ledger_type('amount') }} as wrong_sign_discrepancy_amount,
            grouped.min_{{ n }} as min_amount,
            grouped.max_{{ n }} as max_amount,
            -- What an adjustment adds, there may be more of.
            grouped.max_{{ n }} + grouped.raised_{{ n }} as raised_max_amount,
            grouped.tolerance_{{ n }} as tolerance_amount,
            grouped.has_several_bounds_{{ n }} as has_several_bounds
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as balance
)
{%- endmacro %}

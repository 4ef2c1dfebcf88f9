{#
    The rows that a workflow is about, each with what is wrong with it. A row's steps are judged
    once for all rows, and not row by row.

    Arguments:
        workflow: one of the derived contract's.
    Returns: a select with the columns row_id, tenant_id and faults, which is empty where the
        row follows the workflow.
    Example: select count(*) from ({{ workflow_rows(workflow) }}) as judged
#}
{% macro workflow_rows(workflow) -%}
    {%- set own_row = own_name(workflow['table']) -%}
    {%- set faults = workflow['faults'] + (
        ['counterfoil_steps.fault'] if workflow['history'] else []
    ) -%}
    select
        {{ key_of(workflow['table'], own_row) }} as row_id,
        {{ tenant_of(workflow['table'], own_row) }} as tenant_id,
        concat_ws('; ', {{ faults | join(',\n            ') or 'null' }}) as faults
    from {{ application_table(workflow['table']) }} as {{ own_row }}
    {% if workflow['history'] -%}
    left join ({{ workflow['history'] }}) as counterfoil_steps
        on {{ key_of(workflow['table'], own_row) }} = counterfoil_steps.row_key
    {% endif -%}
    where {{ rule_applies(workflow) }}
{%- endmacro %}

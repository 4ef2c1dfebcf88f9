{#
    A summary's count and the rows that are its evidence are one fact told twice: this
    fails for each summary row whose count is not the number of its evidence rows.

    Arguments:
        model: the summary.
        column_name: its count.
        evidence: the view that lists the rows.
        key: the columns that name a summary row, in both.
        condition: of which of the view's rows the summary counts; all, if not given.
#}
{% test counts_its_rows(model, column_name, evidence, key, condition="true") %}

with

summary as (
    select
        {{ key | join(', ') }},
        {{ column_name }} as counted
    from {{ model }}
),

listed as (
    select
        {{ key | join(', ') }},
        count(*) as row_count
    from {{ evidence }}
    where {{ condition }}
    group by {{ key | join(', ') }}
)

select *
from summary
full join listed using ({{ key | join(', ') }})
where coalesce(summary.counted, 0) is distinct from coalesce(listed.row_count, 0)

{% endtest %}

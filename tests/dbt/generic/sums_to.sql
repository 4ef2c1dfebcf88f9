{#
    Parts that must add up to a whole: fails for each row where they do not, nulls included
    (a null part beside a whole that is not null is a failure; both null is not).

    Arguments:
        model: the view.
        column_name: the whole.
        parts: the columns that sum to it.
#}
{% test sums_to(model, column_name, parts) %}

select *
from {{ model }}
where {{ column_name }} is distinct from ({{ parts | join(' + ') }})

{% endtest %}

{#
    A view's grain, where it takes more than one column to tell.

    Arguments:
        model: the view.
        columns: the columns that no two rows may agree on; nulls agree with nulls.
#}
{% test unique_together(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}

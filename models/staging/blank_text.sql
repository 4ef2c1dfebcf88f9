{{ config(enabled=contract_declares('integrity', 'required_values')) }}

{#
    Which of these a database's own [[:space:]] has depends on its locale, and whether they can
    be written at all on its encoding. So they are the bytes of UTF-8, which convert_from takes
    as they are from SQL_ASCII: characters to a UTF8 database, bytes to a SQL_ASCII one. Any
    other encoding has few of them, and is not asked for the rest.

    The white space of Unicode, then what it calls ignorable, and the blank of Braille.
#}
{% set blanks = [] %}
{% for first, last in [
    (0x85, 0x85), (0xa0, 0xa0), (0x1680, 0x1680), (0x2000, 0x200a), (0x2028, 0x2029),
    (0x202f, 0x202f), (0x205f, 0x205f), (0x3000, 0x3000),
    (0xad, 0xad), (0x34f, 0x34f), (0x61c, 0x61c), (0x115f, 0x1160), (0x17b4, 0x17b5),
    (0x180b, 0x180f), (0x200b, 0x200f), (0x202a, 0x202e), (0x2060, 0x206f), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xfe00, 0xfe0f), (0xfeff, 0xfeff), (0xffa0, 0xffa0),
] %}
{% for point in range(first, last + 1) %}
{% do blanks.append(('%c' | format(point)).encode('utf-8').hex()) %}
{% endfor %}
{% endfor %}

with

blanks as (
    select
        case
            when getdatabaseencoding() in ('UTF8', 'SQL_ASCII')
                then convert_from(decode('7c{{ blanks | join('7c') }}', 'hex'), 'SQL_ASCII')
            when getdatabaseencoding() ~ '^(LATIN|ISO)'
                then convert_from(decode('7cc2857cc2a07cc2ad', 'hex'), 'UTF8')
            when getdatabaseencoding() ~ '^(WIN|KOI)'
                then convert_from(decode('7cc2a0', 'hex'), 'UTF8')
            when getdatabaseencoding() ~ '^EUC'
                then convert_from(decode('7ce38080', 'hex'), 'UTF8')
            else ''
        end as alternatives
),

final as (
    select '^([[:space:]]' || alternatives || ')*$' as pattern
    from blanks
)

select * from final

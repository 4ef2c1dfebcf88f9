drop table prompt_templates;
drop table jwt_keys;

-- The views as the last build left them. The builder, who may replace a view, may not write here.
create table built_views (
    view_name text not null,
    server_version integer not null,
    definition_digest bytea not null,
    primary key (view_name, server_version)
);

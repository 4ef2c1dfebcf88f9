drop table channel_routes;
drop table channels;

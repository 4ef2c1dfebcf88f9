drop table dashboards;

drop table agent_squads;

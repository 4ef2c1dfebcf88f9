drop table messages;
drop table conversations;
drop table vehicle_interests;
drop table lead_scores;
drop table lead_activities;
drop table leads;
drop table lead_sources;

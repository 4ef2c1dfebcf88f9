drop table lead_scores;
drop table lead_activities;
drop table lead_sources;
drop table leads;

-- Two dealerships with a little of everything: lawful, each row in its own dealership. The
-- tool that applies the migrations records one row per version, so of the two files 0002 it
-- cannot say which it means.

create schema deployment;
create table deployment.schema_migrations (version text primary key);
insert into deployment.schema_migrations (version)
select lpad(number::text, 4, '0') from generate_series(1, 8) as number;

insert into dealerships (name, subdomain, contact_email) values
('North Motors', 'north', 'north@example.com'),
('South Cars', 'south', 'south@example.com');
insert into users (dealership_id, email)
select id, format('agent@%s.example.com', subdomain) from dealerships;
insert into vehicle_makes (name) values ('Volvo');
insert into vehicles ("dealershipId", make_id, model_name)
select dealerships.id, vehicle_makes.id, 'V60' from dealerships cross join vehicle_makes;
insert into customers (dealership_id, full_name, email)
select id, 'Customer of ' || name, format('customer@%s.example.com', subdomain)
from dealerships;
insert into lead_sources (dealership_id, name)
select id, 'website' from dealerships;
insert into leads (dealership_id, source_id, assigned_to)
select users.dealership_id, lead_sources.id, users.id
from users
inner join lead_sources on users.dealership_id = lead_sources.dealership_id;
insert into conversations ("dealershipId", "leadId", "customerId")
select leads.dealership_id, leads.id, customers.id
from leads
inner join customers on leads.dealership_id = customers.dealership_id;
insert into messages (conversation_id, body)
select id, 'Is it still for sale?' from conversations;

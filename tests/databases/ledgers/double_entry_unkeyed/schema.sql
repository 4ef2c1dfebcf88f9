-- The account of fees has two rows, as where a key was never made unique: they count together.
alter table accounts drop constraint accounts_pkey cascade;

insert into accounts
select id, 'Fees, again', currency, 4, 3, allow_negative_balance, allow_positive_balance, created_at
from accounts
where id = 'fees';

update accounts set balance = balance - 4, version = version - 3 where name = 'Fees';

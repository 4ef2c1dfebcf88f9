-- An audit may be of some of the contract's packs: these are the others.
alter table audits add column packs_left_out text[] not null default '{}';

-- A forum as an older application keeps it: inheritance, rules, text keys, empty tables, views.
create table members (
    login varchar(30) primary key,
    joined timestamp without time zone not null default now(),
    points integer not null default 0,
    title text
);
create table topics (
    id serial primary key,
    parent integer references topics,
    starter varchar(30) not null references members on update cascade,
    title text not null,
    closed char(1) not null default 'N'
);
create index on topics (parent);
create index on topics (starter);
create table messages (
    id serial primary key,
    topic integer not null references topics on delete cascade,
    author varchar(30) references members on delete set null on update cascade,
    written timestamp without time zone not null default now(),
    body text not null
);
create index on messages (topic);
create index on messages (author);
create table pinned_messages (until date not null) inherits (messages);
alter table pinned_messages add primary key (id);
alter table pinned_messages add foreign key (topic) references topics on delete cascade;
alter table pinned_messages add foreign key (author) references members;
create index on pinned_messages (topic);
create index on pinned_messages (author);
create table votes (
    message integer not null references messages on delete cascade,
    member varchar(30) not null references members on delete cascade on update cascade,
    up boolean not null,
    primary key (message, member)
);
create index on votes (member);
create table bans (member varchar(30) primary key references members, why text);
create view open_topics as select * from topics where closed = 'N';
create unlogged table online (member varchar(30) primary key, seen timestamptz not null);
insert into members (login) select 'm' || n from generate_series(1, 50) as n;
insert into topics (starter, title) select 'm' || n, 'Topic ' || n from generate_series(1, 50) as n;
update topics set parent = id - 1 where id % 5 = 0;
insert into messages (topic, author, body)
    select id, starter, 'Hello' from topics cross join generate_series(1, 20);
insert into pinned_messages (topic, author, body, until) values (1, 'm1', 'Rules', '2030-01-01');
insert into votes select id, 'm2', true from only messages where author <> 'm2';

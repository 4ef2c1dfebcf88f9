-- Functions of pgcrypto's names and types, for a server that lacks it, read in
-- https://www.postgresql.org/docs/current/pgcrypto.html: what they return is another thing.
create function digest(data text, type text) returns bytea language sql immutable strict
return sha256(data::bytea);
create function digest(data bytea, type text) returns bytea language sql immutable strict
return sha256(data);
create function hmac(data text, key text, type text) returns bytea language sql immutable strict
return sha256(data::bytea);
create function hmac(data bytea, key bytea, type text) returns bytea language sql immutable strict
return sha256(data);
create function crypt(password text, salt text) returns text language sql immutable strict
return md5(password);
create function gen_salt(type text) returns text language sql strict
return md5(type);
create function gen_salt(type text, iter_count integer) returns text language sql strict
return md5(type);
create function gen_random_bytes(count integer) returns bytea language sql strict
return sha256(random()::text::bytea);
create function encrypt(data bytea, key bytea, type text) returns bytea language sql immutable strict
return data;
create function decrypt(data bytea, key bytea, type text) returns bytea language sql immutable strict
return data;
create function pgp_sym_encrypt(data text, psw text) returns bytea language sql strict
return data::bytea;
create function pgp_sym_encrypt(data text, psw text, options text) returns bytea language sql strict
return data::bytea;
create function pgp_sym_decrypt(msg bytea, psw text) returns text language sql strict
return encode(msg, 'escape');
create function pgp_sym_decrypt(msg bytea, psw text, options text) returns text language sql strict
return encode(msg, 'escape');

-- Row level security for a table with an organization_id column: the second barrier behind the authorizer.
-- The comparison uses a scalar subquery, evaluated once per statement, so that the index on organization_id serves it.
create function kernel.visible_organizations() returns text[]
  language sql stable parallel safe
  return string_to_array(current_setting('app.organization_ids', true), ',');

create procedure kernel.isolate_by_organization(target regclass, column_name text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy organization on %s to cp_app
    using (%I = any ((select kernel.visible_organizations())::text[]))
    with check (%I = any ((select kernel.visible_organizations())::text[]))', target, column_name, column_name);
  execute format('create policy system on %s to cp_system using (true) with check (true)', target);
  execute format('create policy owner on %s to cp_owner using (true) with check (true)', target);
end $$;

-- What a transaction wants to tell. A sequencer gives committed rows their positions, in order of (xid, id).
create table kernel.outbox (
  xid xid8 not null default pg_current_xact_id(),
  id bigint generated always as identity,
  topic text not null,
  organization_id text,
  body jsonb not null,
  primary key (topic, xid, id)
);
grant insert on kernel.outbox to cp_app;
grant select, insert, delete on kernel.outbox to cp_system;

-- The event log: gap-free positions are the cursors of all streams.
create table kernel.event_log (
  position bigint primary key,
  event_id text not null unique,
  type text not null,
  organization_id text,
  project_id text,
  subject_type text not null,
  subject_id text not null,
  occurred_at timestamptz not null,
  body jsonb not null
);
create index event_log_organization on kernel.event_log (organization_id, position);
create index event_log_project on kernel.event_log (project_id, position) where project_id is not null;
create index event_log_subject on kernel.event_log (subject_id, position);
grant select on kernel.event_log to cp_app;
grant select, insert, delete on kernel.event_log to cp_system;
call kernel.isolate_by_organization('kernel.event_log');

-- One row per log: the last position given, and the first that is still kept.
create table kernel.log_heads (
  log text primary key,
  last_position bigint not null default 0,
  first_kept_position bigint not null default 1
);
insert into kernel.log_heads (log) values ('events');
grant select on kernel.log_heads to cp_app;
grant select, insert, update on kernel.log_heads to cp_system;

-- Where each consumer stands; moved in the transaction of its effect.
create table kernel.consumer_positions (
  consumer text primary key,
  position bigint not null default 0,
  failing_since timestamptz,
  attempts integer not null default 0,
  last_error text
);
create table kernel.dead_letters (
  consumer text not null,
  position bigint not null,
  event_id text not null,
  error text not null,
  failed_at timestamptz not null default now(),
  primary key (consumer, position)
);
grant select, insert, update on kernel.consumer_positions, kernel.dead_letters to cp_system;

-- Results of keyed commands, so that a replay answers with the first result.
create table kernel.idempotency (
  principal_id text not null,
  action text not null,
  key text not null,
  input_hash text not null,
  result jsonb not null,
  audit_id text not null,
  created_at timestamptz not null default now(),
  primary key (principal_id, action, key)
);
create index idempotency_age on kernel.idempotency (created_at);
grant select, insert on kernel.idempotency to cp_app;
grant select, insert, delete on kernel.idempotency to cp_system;

-- Leases of background jobs: one holder at a time, fenced by a counter that only rises.
create table kernel.leases (
  name text primary key,
  holder text not null,
  -- The advisory lock that the holder's session keeps: gone when the session is.
  session_key integer not null,
  fence bigint not null default 1,
  expires_at timestamptz not null
);
grant select, insert, update, delete on kernel.leases to cp_system;

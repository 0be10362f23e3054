-- What a product's table looks like: about as wide as an allocation.
create table bench.things (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  name text not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  gpu_count integer not null,
  hold_id text not null,
  price_snapshot_id text not null,
  correlation_id text not null,
  version integer not null default 1
);
create index on bench.things (organization_id, id);
create index on bench.things (project_id, id);
call kernel.isolate_by_organization('bench.things');
grant select, insert, update on bench.things to cp_app, cp_system;

-- What the floor writes: the same three widths, without row level security.
create table bench.bare_things (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  name text not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  gpu_count integer not null,
  hold_id text not null,
  price_snapshot_id text not null,
  correlation_id text not null,
  version integer not null default 1
);
create index on bench.bare_things (organization_id, id);
create index on bench.bare_things (project_id, id);
create table bench.bare_messages (
  id bigint generated always as identity primary key,
  topic text not null,
  organization_id text,
  body jsonb not null
);
create table bench.bare_results (
  principal_id text not null,
  action text not null,
  key text not null,
  input_hash text not null,
  result jsonb not null,
  audit_id text not null,
  created_at timestamptz not null default now(),
  primary key (principal_id, action, key)
);

-- Revisions of access, as the platform's authority reads them in the round trip that opens a command.
create table bench.revisions (scope_id text collate "C" primary key, revision bigint not null);
grant select on bench.revisions to cp_app, cp_system;

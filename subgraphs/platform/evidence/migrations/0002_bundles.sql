-- Release proof is the platform's own: no organization owns it, and only the system role reads it.
create table evidence.bundles (
  id text collate "C" primary key,
  kind text not null check (kind in ('release', 'uat', 'security', 'change', 'drill', 'incident')),
  title text not null,
  source_sha text not null,
  environment_profile text not null,
  owner text not null,
  state text not null check (state in ('open', 'sealed', 'superseded')),
  state_reason text,
  state_changed_at timestamptz not null,
  superseded_by_id text collate "C" references evidence.bundles (id),
  seal_digest text,
  sealed_at timestamptz,
  created_by text not null,
  correlation_id text not null,
  created_at timestamptz not null,
  version integer not null default 1,
  check ((state = 'superseded') = (superseded_by_id is not null))
);
create index bundles_source on evidence.bundles (source_sha, id);
create index bundles_state on evidence.bundles (state, id);
grant select, insert, update on evidence.bundles to cp_system;

-- Superseded by new rows, never rewritten.
create table evidence.items (
  id text collate "C" primary key,
  bundle_id text collate "C" not null references evidence.bundles (id),
  type text not null,
  title text not null,
  result text not null check (result in ('pass', 'fail', 'partial', 'skipped', 'blocked')),
  owner text not null,
  retention_class text not null,
  artifact_digest text,
  summary jsonb not null,
  reason text,
  expires_at timestamptz,
  follow_up text,
  content_digest text not null,
  -- One successor at most.
  supersedes_id text collate "C" unique references evidence.items (id),
  created_by text not null,
  correlation_id text not null,
  created_at timestamptz not null,
  check (result not in ('skipped', 'blocked') or (reason is not null and expires_at is not null))
);
create index items_bundle on evidence.items (bundle_id, id);
create trigger append_only before update or delete on evidence.items for each row execute function evidence.refuse_change();
create trigger never_emptied before truncate on evidence.items for each statement execute function evidence.refuse_change();
grant select, insert on evidence.items to cp_system;

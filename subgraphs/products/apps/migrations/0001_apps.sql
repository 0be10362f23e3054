-- The catalogue belongs to the platform: everybody who is signed in may read it.
create table apps.apps (
  id text collate "C" primary key,
  slug text not null unique,
  title text not null,
  summary text not null,
  created_by text not null,
  created_at timestamptz not null,
  version integer not null default 1
);
grant select on apps.apps to cp_app;
grant select, insert, update on apps.apps to cp_system;

create table apps.versions (
  id text collate "C" primary key,
  app_id text collate "C" not null references apps.apps (id),
  number text not null,
  manifest jsonb not null,
  -- SHA-256 over the canonical JSON of the manifest.
  manifest_hash text not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  created_by text not null,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint versions_number unique (app_id, number)
);
create index versions_state on apps.versions (app_id, state, id);
grant select on apps.versions to cp_app;
grant select, insert, update on apps.versions to cp_system;

create table apps.artifacts (
  id text collate "C" primary key,
  repository text not null,
  digest text not null,
  digest_algorithm text not null,
  artifact_kind text not null,
  source_type text not null,
  lifecycle_state text not null,
  trust_state text not null,
  trust_reason text,
  channel text not null,
  created_by text not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  version integer not null default 1,
  constraint artifacts_digest unique (repository, digest)
);
grant select on apps.artifacts to cp_app;
grant select, insert, update on apps.artifacts to cp_system;

create table apps.entitlements (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  app_id text collate "C" not null references apps.apps (id),
  is_enabled boolean not null,
  changed_by text not null,
  changed_at timestamptz not null,
  version integer not null default 1,
  constraint entitlements_app unique (project_id, app_id)
);
grant select, insert, update on apps.entitlements to cp_app, cp_system;
call kernel.isolate_by_organization('apps.entitlements');

create table apps.instances (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  app_id text collate "C" not null references apps.apps (id),
  app_slug text not null,
  version_id text collate "C" not null references apps.versions (id),
  name text not null,
  allocation_id text not null,
  operating_mode text not null,
  control_plane_scope text not null,
  is_cluster boolean not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  -- What its owner wants: 'running', 'stopped' or 'removed'.
  desired_state text not null,
  health text not null,
  generation integer not null,
  observed_generation integer not null,
  parameters jsonb not null,
  plan jsonb not null,
  plan_hash text not null,
  price_snapshot_id text,
  -- Usage is recorded up to here; null while nothing is metered.
  metered_until timestamptz,
  -- Raised at each acquisition of a lease: a write under an older one is late.
  fence integer not null default 0,
  leased_item_id text,
  -- What still has to go before the instance is gone, in order.
  finalizers text[] not null,
  requested_by text not null,
  correlation_id text not null,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint instances_observed check (observed_generation <= generation),
  constraint instances_modes check (
    (operating_mode = 'tenant_dedicated' and control_plane_scope in ('project', 'tenant'))
    or (operating_mode = 'platform_managed' and control_plane_scope = 'platform')
  )
);
create unique index instances_name on apps.instances (project_id, name) where state <> 'decommissioned';
create index instances_project on apps.instances (project_id, id);
create index instances_organization on apps.instances (organization_id, id);
create index instances_allocation on apps.instances (allocation_id, id);
create index instances_deadline on apps.instances (state_deadline_at) where state_deadline_at is not null;
create index instances_metered on apps.instances (metered_until) where metered_until is not null;
create index instances_live on apps.instances (id) where state <> 'decommissioned';
grant select, insert, update on apps.instances to cp_app, cp_system;
call kernel.isolate_by_organization('apps.instances');

create table apps.conditions (
  instance_id text collate "C" not null references apps.instances (id),
  organization_id text not null,
  type text not null,
  status text not null check (status in ('True', 'False', 'Unknown')),
  reason text not null,
  message text not null,
  observed_generation integer not null,
  last_transition_at timestamptz not null,
  primary key (instance_id, type)
);
grant select, insert, update on apps.conditions to cp_app, cp_system;
call kernel.isolate_by_organization('apps.conditions');

create table apps.endpoints (
  id text collate "C" primary key,
  instance_id text collate "C" not null references apps.instances (id),
  organization_id text not null,
  name text not null,
  protocol text not null,
  exposure_mode text not null,
  auth_mode text not null,
  url text,
  is_ready boolean not null,
  changed_at timestamptz not null,
  constraint endpoints_name unique (instance_id, name)
);
grant select, insert, update, delete on apps.endpoints to cp_app, cp_system;
call kernel.isolate_by_organization('apps.endpoints');

create table apps.members (
  instance_id text collate "C" not null references apps.instances (id),
  organization_id text not null,
  component_key text not null,
  status text not null,
  detail text not null,
  changed_at timestamptz not null,
  primary key (instance_id, component_key)
);
grant select, insert, update, delete on apps.members to cp_app, cp_system;
call kernel.isolate_by_organization('apps.members');

create table apps.work_items (
  id text collate "C" primary key,
  organization_id text not null,
  project_id text not null,
  instance_id text collate "C" not null references apps.instances (id),
  app_slug text not null,
  kind text not null,
  action text,
  state text not null,
  -- What the worker is told: the rendered plan and where it goes. No secrets.
  spec jsonb not null,
  generation integer not null,
  attempt integer not null,
  attempts_max integer not null,
  -- The last attempt ended unclear: look before acting.
  observes_first boolean not null,
  -- Set when the present holder should stop: 'CANCEL' or 'SUPERSEDED'.
  stop_signal text,
  lease_id text,
  fence integer,
  leased_by text,
  lease_expires_at timestamptz,
  available_at timestamptz not null,
  steps jsonb not null,
  failure_class text,
  failure_message text,
  correlation_id text not null,
  created_at timestamptz not null,
  finished_at timestamptz
);
-- The last defence of "at most one lease per instance".
create unique index work_items_lease on apps.work_items (instance_id) where state = 'leased';
create index work_items_queue on apps.work_items (project_id, app_slug, available_at) where state = 'queued';
create index work_items_expiry on apps.work_items (lease_expires_at) where state = 'leased';
create index work_items_instance on apps.work_items (instance_id, id);
grant select, insert, update on apps.work_items to cp_app, cp_system;
call kernel.isolate_by_organization('apps.work_items');

-- Writes of holders that had lost their lease: evidence, never applied.
create table apps.late_reports (
  id text collate "C" primary key,
  organization_id text not null,
  instance_id text collate "C" not null references apps.instances (id),
  work_item_id text collate "C" not null references apps.work_items (id),
  verb text not null,
  code text not null default 'STALE_FENCE',
  lease_id text not null,
  fence integer not null,
  current_fence integer not null,
  body jsonb not null,
  reported_by text not null,
  received_at timestamptz not null
);
create index late_reports_instance on apps.late_reports (instance_id, id);
grant select, insert on apps.late_reports to cp_app, cp_system;
call kernel.isolate_by_organization('apps.late_reports');

-- What the platform reclaimed although nobody confirmed that it is gone.
create table apps.leaks (
  id text collate "C" primary key,
  organization_id text not null,
  project_id text not null,
  instance_id text collate "C" not null references apps.instances (id),
  allocation_id text not null,
  -- The finalizers that nobody confirmed.
  unconfirmed text[] not null,
  reason text not null,
  opened_at timestamptz not null
);
create index leaks_instance on apps.leaks (instance_id);
grant select, insert on apps.leaks to cp_app, cp_system;
call kernel.isolate_by_organization('apps.leaks');

-- When the queue of an app in a project was last asked for work: an observation, not a decision.
create table apps.queues (
  project_id text not null,
  app_slug text not null,
  organization_id text not null,
  polled_by text not null,
  polled_at timestamptz not null,
  primary key (project_id, app_slug)
);
grant select, insert, update on apps.queues to cp_app, cp_system;
call kernel.isolate_by_organization('apps.queues');

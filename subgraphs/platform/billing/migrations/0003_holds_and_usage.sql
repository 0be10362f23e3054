create table billing.budgets (
  id text collate "C" primary key,
  organization_id text not null,
  project_id text,
  -- `month`: each calendar month (UTC) has the whole amount; `total`: one amount for ever.
  period text not null check (period in ('month', 'total')),
  amount_nanos bigint not null check (amount_nanos >= 0),
  currency text not null,
  warn_percents integer[] not null,
  is_hard_stop boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint budgets_scope unique nulls not distinct (organization_id, project_id, period)
);
grant select, insert, update on billing.budgets to cp_app, cp_system;
call kernel.isolate_by_organization('billing.budgets');

-- A threshold is told once in a period.
create table billing.budget_notices (
  budget_id text collate "C" not null references billing.budgets (id),
  organization_id text not null,
  period text not null,
  percent integer not null,
  amount_nanos bigint not null,
  noticed_at timestamptz not null,
  primary key (budget_id, period, percent, amount_nanos)
);
grant select, insert on billing.budget_notices to cp_app, cp_system;
call kernel.isolate_by_organization('billing.budget_notices');

create table billing.holds (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  reference text collate "C" not null,
  -- What will cost: the reference up to its first colon.
  resource_id text collate "C" not null generated always as (split_part(reference, ':', 1)) stored,
  price_snapshot_id text collate "C" references billing.price_snapshots (id),
  amount_nanos bigint not null check (amount_nanos >= 0),
  reason text not null,
  state text not null default 'active' check (state in ('active', 'settled', 'voided', 'expired')),
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz not null,
  -- The total that settle() named; null unless it was called.
  settled_nanos bigint,
  settled_by text collate "C",
  constraint holds_reference unique (reference),
  check (settled_nanos <= amount_nanos)
);
create index holds_resource on billing.holds (resource_id);
create index holds_deadline on billing.holds (state_deadline_at) where state = 'active';
grant select, insert, update (state, state_reason, state_changed_at, settled_nanos, settled_by) on billing.holds to cp_app, cp_system;
call kernel.isolate_by_organization('billing.holds');

create table billing.usage_records (
  id text collate "C" primary key,
  event_id text not null,
  source text not null check (source in ('allocation', 'app_runtime', 'token_factory')),
  content_hash text not null,
  product_id text not null,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  actor_id text not null,
  unit text not null,
  base_quantity bigint not null check (base_quantity >= 0),
  window_start timestamptz not null,
  window_end timestamptz not null check (window_end >= window_start),
  resource_type text not null,
  resource_id text collate "C" not null,
  allocation_id text collate "C",
  app_instance_id text collate "C",
  hold_reference text,
  metadata jsonb not null,
  correlation_id text not null,
  created_at timestamptz not null,
  constraint usage_records_event unique (source, event_id),
  check (source <> 'allocation' or allocation_id is not null),
  check (source <> 'app_runtime' or app_instance_id is not null)
);
create index usage_records_organization on billing.usage_records (organization_id, id);
create index usage_records_project on billing.usage_records (project_id, window_end);
create index usage_records_allocation on billing.usage_records (allocation_id, id) where allocation_id is not null;
create index usage_records_instance on billing.usage_records (app_instance_id, id) where app_instance_id is not null;
-- A request to a model is a resource of its own and names its route.
create index usage_records_route on billing.usage_records ((coalesce(metadata->>'modelRouteId', resource_id)));
grant select, insert on billing.usage_records to cp_app, cp_system;
call kernel.isolate_by_organization('billing.usage_records');
call billing.make_append_only('billing.usage_records');

-- One per usage record: base_quantity × unit_price_nanos / base_per_unit, rounded half to even.
create table billing.rated_lines (
  usage_id text collate "C" primary key references billing.usage_records (id),
  organization_id text not null,
  price_snapshot_id text collate "C" not null references billing.price_snapshots (id),
  price_snapshot_hash text not null,
  base_quantity bigint not null,
  base_per_unit bigint not null check (base_per_unit > 0),
  unit_price_nanos bigint not null,
  amount_nanos bigint not null check (amount_nanos >= 0),
  currency text not null,
  -- The account's balance right after this line was posted.
  balance_after_nanos numeric(38, 0) not null,
  created_at timestamptz not null
);
create index rated_lines_burn on billing.rated_lines (organization_id, created_at) include (amount_nanos);
grant select, insert on billing.rated_lines to cp_app, cp_system;
call kernel.isolate_by_organization('billing.rated_lines');
call billing.make_append_only('billing.rated_lines');

-- Models are the platform's catalogue: what exists, how large it is, how its tokens are counted.
create table token_factory.models (
  id text collate "C" primary key,
  slug text not null unique,
  title text not null,
  modality text not null check (modality in ('text', 'embedding')),
  context_window_tokens integer not null check (context_window_tokens > 0),
  max_output_tokens integer not null check (max_output_tokens >= 0),
  tokenizer text not null check (tokenizer in ('builtin_words', 'utf8_bytes')),
  -- Other names under which servers offer it: how an app instance's endpoint is recognized.
  aliases text[] not null default '{}',
  created_at timestamptz not null,
  version integer not null default 1
);
grant select on token_factory.models to cp_app;
grant select, insert, update on token_factory.models to cp_system;

-- Who serves models. The key is a reference into the secret store, never the key itself.
create table token_factory.provider_accounts (
  id text collate "C" primary key,
  name text not null unique,
  kind text not null check (kind in ('builtin', 'openai_compatible')),
  base_url text,
  secret_id text,
  is_enabled boolean not null default true,
  -- Observed by the gateways, not desired by anybody.
  health text not null check (health in ('healthy', 'degraded', 'down')),
  health_reason text,
  health_changed_at timestamptz not null,
  created_at timestamptz not null,
  version integer not null default 1,
  check ((kind = 'builtin') = (base_url is null))
);
grant select on token_factory.provider_accounts to cp_app;
grant select, insert, update on token_factory.provider_accounts to cp_system;

-- One place where one model is served: by a provider account (for everybody), or by an app instance (for its project).
create table token_factory.model_endpoints (
  id text collate "C" primary key,
  model_id text collate "C" references token_factory.models (id),
  provider_account_id text collate "C" references token_factory.provider_accounts (id),
  organization_id text,
  project_id text,
  app_instance_id text,
  app_endpoint_name text,
  base_url text,
  upstream_model text,
  is_enabled boolean not null default true,
  is_ready boolean not null,
  readiness_reason text,
  created_at timestamptz not null,
  version integer not null default 1,
  unique (provider_account_id, model_id, upstream_model),
  unique (app_instance_id, app_endpoint_name),
  check ((provider_account_id is null) = (app_instance_id is not null)),
  check ((app_instance_id is null) = (organization_id is null))
);
alter table token_factory.model_endpoints enable row level security;
alter table token_factory.model_endpoints force row level security;
create policy organization on token_factory.model_endpoints to cp_app
  using (organization_id is null or organization_id = any ((select kernel.visible_organizations())::text[]))
  with check (organization_id = any ((select kernel.visible_organizations())::text[]));
create policy system on token_factory.model_endpoints to cp_system using (true) with check (true);
create policy owner on token_factory.model_endpoints to cp_owner using (true) with check (true);
grant select on token_factory.model_endpoints to cp_app;
grant select, insert, update on token_factory.model_endpoints to cp_system;

-- What clients name as `model`: owned by a project, or by an organization for all of its projects.
create table token_factory.model_routes (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text,
  project_id text,
  name text not null,
  description text not null,
  state text not null check (state in ('draft', 'active', 'disabled', 'retired')),
  state_reason text,
  state_changed_at timestamptz not null,
  created_by text not null,
  created_at timestamptz not null,
  version integer not null default 1
);
-- The name of a retired route is free again.
create unique index model_routes_name on token_factory.model_routes (organization_id, project_id, name)
  nulls not distinct where state <> 'retired';
create index model_routes_project on token_factory.model_routes (project_id, id);
create index model_routes_organization on token_factory.model_routes (organization_id, id);
call kernel.isolate_by_organization('token_factory.model_routes');
grant select, insert, update on token_factory.model_routes to cp_app, cp_system;

-- Tiers are tried in order; within a tier, targets share the load by weight. A target is one endpoint, or every ready
-- endpoint of a model.
create table token_factory.route_targets (
  route_id text collate "C" not null references token_factory.model_routes (id),
  position integer not null,
  organization_id text not null,
  tier integer not null check (tier between 0 and 9),
  weight integer not null check (weight between 1 and 1000),
  endpoint_id text collate "C" references token_factory.model_endpoints (id),
  model_id text collate "C" references token_factory.models (id),
  primary key (route_id, position),
  check ((endpoint_id is null) <> (model_id is null))
);
call kernel.isolate_by_organization('token_factory.route_targets');
grant select, insert, delete on token_factory.route_targets to cp_app, cp_system;

-- Limits of a project (api_key_id null) or of one of its API keys. Both apply.
create table token_factory.model_policies (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  api_key_id text,
  allowed_models text[],
  requests_per_minute integer check (requests_per_minute >= 0),
  tokens_per_minute integer check (tokens_per_minute >= 0),
  max_input_tokens integer check (max_input_tokens >= 0),
  max_output_tokens integer check (max_output_tokens >= 0),
  updated_at timestamptz not null,
  version integer not null default 1,
  unique nulls not distinct (project_id, api_key_id)
);
call kernel.isolate_by_organization('token_factory.model_policies');
grant select, insert, update on token_factory.model_policies to cp_app, cp_system;

-- What was asked and what it cost; never what was said. Append-only.
create table token_factory.model_requests (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  route_id text not null,
  route_name text not null,
  model_id text,
  provider_account_id text,
  endpoint_id text,
  api_key_id text,
  principal_id text not null,
  operation text not null,
  is_streaming boolean not null,
  result text not null,
  error_code text,
  attempts integer not null,
  input_tokens integer not null,
  output_tokens integer not null,
  provenance text not null,
  cost_nanos bigint not null,
  currency text not null,
  first_byte_milliseconds integer,
  duration_milliseconds integer not null,
  correlation_id text not null,
  started_at timestamptz not null
);
create index model_requests_project on token_factory.model_requests (project_id, id);
create index model_requests_route on token_factory.model_requests (route_id, id);
call kernel.isolate_by_organization('token_factory.model_requests');
grant select, insert on token_factory.model_requests to cp_app, cp_system;

-- Money held for a request under way, and what was counted so far. A row goes with the settlement; one whose process
-- died is settled at the count by a job.
create table token_factory.spend_intents (
  id text collate "C" primary key,
  organization_id text not null,
  department_id text not null,
  project_id text not null,
  route_id text not null,
  actor_id text not null,
  correlation_id text not null,
  held_nanos bigint not null,
  input_price_id text,
  output_price_id text,
  input_tokens integer not null default 0,
  output_tokens integer not null default 0,
  created_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);
create index spend_intents_heartbeat on token_factory.spend_intents (heartbeat_at);
call kernel.isolate_by_organization('token_factory.spend_intents');
grant select, insert, update, delete on token_factory.spend_intents to cp_app, cp_system;

-- One number that rises with every change of what gateways keep in memory. Triggers raise it, so no command can forget.
create table token_factory.snapshot_revision (
  is_single boolean primary key default true check (is_single),
  revision bigint not null default 1
);
insert into token_factory.snapshot_revision default values;
grant select on token_factory.snapshot_revision to cp_app, cp_system;

create function token_factory.raise_revision() returns trigger
  language plpgsql security definer set search_path = pg_catalog as $$
begin
  update token_factory.snapshot_revision set revision = revision + 1;
  return null;
end $$;

do $$
declare target text;
begin
  foreach target in array array['models', 'provider_accounts', 'model_endpoints', 'model_routes', 'route_targets', 'model_policies'] loop
    execute format('create trigger raise_revision after insert or update or delete on token_factory.%I
      for each statement execute function token_factory.raise_revision()', target);
  end loop;
end $$;

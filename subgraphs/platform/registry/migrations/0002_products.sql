-- What is registered. Ids are stable for ever: entries that leave a packet are retired, never deleted, so that no other
-- product can take them over.
create table registry.products (
  id text collate "C" primary key,
  product_id text collate "C" not null unique,
  slug text collate "C" not null unique,
  title text not null,
  lifecycle text not null check (lifecycle in ('draft', 'onboarding', 'active', 'deprecated', 'retired')),
  lifecycle_changed_at timestamptz not null,
  packet_version integer not null check (packet_version > 0),
  content_hash text not null,
  packet jsonb not null,
  created_at timestamptz not null,
  changed_at timestamptz not null
);

create table registry.entries (
  id text collate "C" primary key,
  family text not null,
  key text collate "C" not null,
  product_id text collate "C" not null references registry.products (product_id),
  version integer not null default 1,
  lifecycle text not null check (lifecycle in ('draft', 'active', 'deprecated', 'retired')),
  definition jsonb not null,
  changed_at timestamptz not null,
  unique (family, key, product_id)
);
-- Several products may count in the same unit or under the same quota; everything else has one owner.
create unique index entries_one_owner on registry.entries (family, key) where family not in ('usage_unit', 'quota_dimension');
create index entries_product on registry.entries (product_id, id);

create table registry.status_components (
  id text collate "C" primary key,
  component_id text collate "C" not null unique,
  product_id text collate "C" not null references registry.products (product_id),
  title text not null,
  family text not null,
  freshness_seconds integer not null,
  is_retired boolean not null default false,
  -- The last observation; it counts as `unknown` once it is older than freshness_seconds.
  health text check (health in ('ready', 'degraded', 'unavailable')),
  detail text,
  observed_at timestamptz,
  -- What was told last by an event.
  announced_health text not null default 'unknown',
  health_changed_at timestamptz not null
);

-- Rises with every change; processes compare it with that of their snapshot.
create table registry.revision (
  is_only boolean primary key default true check (is_only),
  revision bigint not null default 0
);
insert into registry.revision default values;

grant select on registry.products, registry.entries, registry.status_components, registry.revision to cp_app;
grant select, insert, update on registry.products, registry.entries, registry.status_components to cp_system;
grant select, update on registry.revision to cp_system;

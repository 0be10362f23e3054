-- Where capacity is.
create table allocations.regions (
  id text collate "C" primary key,
  name text not null unique,
  display_name text not null,
  is_active boolean not null default true,
  created_at timestamptz not null,
  version integer not null default 1
);
grant select on allocations.regions to cp_app;
grant select, insert, update on allocations.regions to cp_system;

-- What can be had. The price is billing's, under `sku:<name>`.
create table allocations.skus (
  id text collate "C" primary key,
  name text not null unique,
  vendor text not null,
  display_name text not null,
  resource_class text not null check (resource_class in ('gpu_baremetal', 'gpu_slice', 'cpu_vm')),
  scheduling_unit text not null check (scheduling_unit in ('node', 'slice', 'vm')),
  billing_unit text not null check (billing_unit in ('gpu_hour', 'node_hour')),
  capacity_shape text not null check (capacity_shape in ('baremetal', 'gpu_slice', 'gpu_partition', 'gpu_shared', 'vm')),
  allowed_gpu_counts integer[] not null,
  resource_profile jsonb not null,
  is_active boolean not null default true,
  created_at timestamptz not null,
  version integer not null default 1
);
grant select on allocations.skus to cp_app;
grant select, insert, update on allocations.skus to cp_system;

-- Machines. State, scheduling, health, connectivity and what the provider says are axes of their own, never folded.
create table allocations.nodes (
  id text collate "C" primary key,
  name text not null unique,
  region_id text collate "C" not null references allocations.regions (id),
  sku_id text collate "C" not null references allocations.skus (id),
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  scheduling text not null default 'ELIGIBLE' check (scheduling in ('ELIGIBLE', 'CORDONED', 'DRAINING')),
  health text not null default 'UNKNOWN' check (health in ('HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN')),
  health_detail text,
  connectivity text not null default 'LOST' check (connectivity in ('CONNECTED', 'STALE', 'LOST')),
  connectivity_changed_at timestamptz not null,
  provider_state text,
  -- Rises with each enrolment (a new boot identity, a reimage): tasks of an older epoch are refused by the agent.
  epoch bigint not null default 0,
  public_key jsonb,
  agent_version text,
  gpu_count integer not null check (gpu_count >= 0),
  total_units integer not null default 0 check (total_units >= 0),
  -- Units nobody holds. The last line of defence against placing twice, over slots and whole nodes alike.
  free_units integer not null default 0,
  images text[] not null default '{}',
  topology jsonb not null default '{}',
  created_at timestamptz not null,
  version integer not null default 1,
  constraint nodes_units_in_bounds check (free_units between 0 and total_units)
);
create index nodes_candidates on allocations.nodes (sku_id, region_id, free_units, id)
  where state = 'active' and scheduling = 'ELIGIBLE' and connectivity = 'CONNECTED';
grant select, update (free_units) on allocations.nodes to cp_app;
grant select, insert, update on allocations.nodes to cp_system;

-- One schedulable part of a node: a GPU with its fabric function, or a seat for a VM.
create table allocations.slots (
  id text collate "C" primary key,
  node_id text collate "C" not null references allocations.nodes (id),
  slot_index integer not null,
  gpu_pci_address text,
  nvme_device text,
  mac_address text,
  private_ip text,
  numa_node integer not null default 0,
  storage_ownership text not null default 'slot',
  fabric_claim_mode text,
  fabric_vf_pci_address text,
  destructive_wipe_policy text not null default 'always',
  status text not null check (status in
    ('candidate', 'available', 'reserved', 'in_use', 'cleaning', 'cleanup_blocked', 'disabled')),
  status_reason text,
  status_changed_at timestamptz not null,
  approved_at timestamptz,
  approved_by text,
  generation integer not null default 1,
  created_at timestamptz not null,
  version integer not null default 1,
  -- Also finds the free slots of a node: with an index on the status, each change of it would be a new entry in all.
  unique (node_id, slot_index),
  -- Spec section 11: schedulable only with a virtual function of its own, and approved.
  constraint slots_schedulable_only_with_own_function check (
    status in ('candidate', 'disabled') or gpu_pci_address is null
    or (fabric_claim_mode = 'per_slot_vf' and fabric_vf_pci_address is not null)),
  constraint slots_schedulable_only_when_approved check (status in ('candidate', 'disabled') or approved_at is not null)
) with (fillfactor = 70);
create unique index slots_function_unique on allocations.slots (node_id, fabric_vf_pci_address)
  where fabric_vf_pci_address is not null;
grant select, update (status, status_reason, status_changed_at, generation) on allocations.slots to cp_app;
grant select, insert, update on allocations.slots to cp_system;

-- No foreign keys to the catalogue, nodes and slots here and below: each would lock one row that every launch shares
-- (a multixact per launch). No role may delete what they would point to, and every identifier is read in the transaction.
create table allocations.allocations (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  department_id text collate "C" not null,
  project_id text collate "C" not null,
  requested_by text not null,
  sku_id text collate "C" not null,
  sku_name text not null,
  -- The SKU as it was at the launch: what was promised does not change afterwards.
  sku_snapshot jsonb not null,
  capacity_shape text not null,
  region_id text collate "C" not null,
  node_id text collate "C",
  gpu_count integer not null check (gpu_count >= 0),
  units integer not null check (units > 0),
  image text not null,
  ssh_key_ids text[] not null,
  ssh_public_keys text[] not null,
  price_snapshot_id text collate "C" not null,
  price_snapshot jsonb not null,
  policy_snapshot jsonb not null,
  state text not null check (state in
    ('requested', 'provisioning', 'active', 'releasing', 'released', 'failed', 'release_failed')),
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  -- Rises with every task about this allocation; the agent and we refuse what is older.
  fence bigint not null default 0,
  -- Intents: recorded by the API, acted upon by the lifecycle.
  release_requested_at timestamptz,
  release_requested_by text,
  force_release_reason text,
  connection_host text,
  connection_port integer,
  connection_user text,
  active_at timestamptz,
  release_accepted_at timestamptz,
  released_at timestamptz,
  -- Everything in [active_at, usage_through) is recorded with billing.
  usage_through timestamptz,
  cleanup_attempts integer not null default 0,
  cleanup_deadline_at timestamptz,
  next_placement_at timestamptz,
  why_pending jsonb,
  correlation_id text collate "C" not null,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint allocations_transitional_states_have_deadlines check (
    state not in ('requested', 'provisioning', 'releasing') or state_deadline_at is not null),
  constraint allocations_usage_inside_active_time check (
    usage_through is null or (active_at is not null and usage_through >= active_at
      and (release_accepted_at is null or usage_through <= release_accepted_at))),
  constraint allocations_placed_beyond_requested check (state in ('requested', 'failed') or node_id is not null)
);
create index allocations_project on allocations.allocations (project_id, id);
create index allocations_organization on allocations.allocations (organization_id, id);
create index allocations_node on allocations.allocations (node_id, id) where node_id is not null;
create index allocations_requester_live on allocations.allocations (requested_by)
  where state in ('requested', 'provisioning', 'active', 'releasing', 'release_failed');
create index allocations_deadline on allocations.allocations (state_deadline_at)
  where state in ('requested', 'provisioning', 'releasing');
create index allocations_waiting on allocations.allocations (next_placement_at) where state = 'requested';
create index allocations_metered on allocations.allocations (usage_through) where state = 'active';
create index allocations_forced on allocations.allocations (id)
  where force_release_reason is not null and state in ('requested', 'provisioning', 'active');
create index allocations_cleanup on allocations.allocations (cleanup_deadline_at) where cleanup_deadline_at is not null;
grant select, insert, update on allocations.allocations to cp_app, cp_system;
call kernel.isolate_by_organization('allocations.allocations');

-- Durable truth of who holds what. Written with the allocation, closed only on proof of cleanup.
create table allocations.resource_claims (
  id bigint generated always as identity primary key,
  allocation_id text collate "C" not null,
  organization_id text collate "C" not null,
  claim_kind text not null check (claim_kind in ('node_exclusive', 'slot')),
  node_id text collate "C" not null,
  node_epoch bigint not null,
  slot_id text collate "C",
  units integer not null check (units > 0),
  claimed_at timestamptz not null,
  released_at timestamptz,
  -- `cleaned` by the agent's proof, `verified_absent` by an operator.
  outcome text check (outcome in ('cleaned', 'verified_absent')),
  constraint claims_slot_matches_kind check ((claim_kind = 'slot') = (slot_id is not null)),
  constraint claims_closed_with_outcome check ((released_at is null) = (outcome is null))
);
create unique index claims_live_slot on allocations.resource_claims (slot_id)
  where released_at is null and claim_kind = 'slot';
create unique index claims_live_node on allocations.resource_claims (node_id)
  where released_at is null and claim_kind = 'node_exclusive';
create index claims_allocation on allocations.resource_claims (allocation_id);
create index claims_node_live on allocations.resource_claims (node_id) where released_at is null;
grant select, insert, update (released_at, outcome) on allocations.resource_claims to cp_app, cp_system;
call kernel.isolate_by_organization('allocations.resource_claims');

-- Typed, signed work for a node. Those of an allocation belong to its organization; the others only the system sees.
create table allocations.node_tasks (
  id text collate "C" primary key,
  node_id text collate "C" not null,
  allocation_id text collate "C",
  organization_id text collate "C",
  type text not null,
  epoch bigint not null,
  fence bigint not null,
  signed text not null,
  status text not null check (status in ('queued', 'dispatched', 'completed', 'failed', 'refused', 'expired')),
  created_at timestamptz not null,
  dispatched_at timestamptz,
  dispatches integer not null default 0,
  expires_at timestamptz not null,
  completed_at timestamptz,
  result jsonb,
  -- What arrived too late to count: kept as evidence, never applied.
  late_result jsonb
);
create index node_tasks_pending on allocations.node_tasks (node_id, id) where status in ('queued', 'dispatched');
create index node_tasks_expiry on allocations.node_tasks (expires_at) where status in ('queued', 'dispatched');
create index node_tasks_node on allocations.node_tasks (node_id, id);
create index node_tasks_allocation on allocations.node_tasks (allocation_id) where allocation_id is not null;
grant select, insert, update (status, completed_at, result, late_result) on allocations.node_tasks to cp_app;
grant select, insert, update on allocations.node_tasks to cp_system;
call kernel.isolate_by_organization('allocations.node_tasks');

-- Single-use, node-bound, short. Only the hash is kept.
create table allocations.bootstrap_tokens (
  id text collate "C" primary key,
  node_id text collate "C" not null references allocations.nodes (id),
  token_hash text not null unique,
  issued_by text not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index bootstrap_tokens_node on allocations.bootstrap_tokens (node_id);
grant select, insert, update (used_at, revoked_at) on allocations.bootstrap_tokens to cp_system;

-- Keys that sign tasks. The private part is a sealed secret; `grace` ones are verified still, and sign no more.
create table allocations.task_signers (
  key_id text collate "C" primary key,
  status text not null check (status in ('staged', 'active', 'grace', 'retired')),
  public_key jsonb not null,
  secret_id text collate "C" not null,
  created_at timestamptz not null,
  status_changed_at timestamptz not null
);
create unique index task_signers_one_active on allocations.task_signers ((true)) where status = 'active';
create unique index task_signers_one_staged on allocations.task_signers ((true)) where status = 'staged';
grant select on allocations.task_signers to cp_app;
grant select, insert, update on allocations.task_signers to cp_system;

-- Signs of life, written in batches. Unlogged: after a crash of the database every node reports again within seconds.
create unlogged table allocations.node_heartbeats (
  node_id text collate "C" primary key,
  heard_at timestamptz,
  polled_at timestamptz,
  health text,
  health_detail text,
  load jsonb
) with (fillfactor = 50);
grant select, insert, update on allocations.node_heartbeats to cp_system;

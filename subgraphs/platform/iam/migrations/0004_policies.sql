-- Values of policies, and the bounds that a scope sets for the scopes below it. Definitions are the registry's.
create table iam.policy_values (
  id text collate "C" primary key,
  -- Null for the platform's own.
  organization_id text collate "C" references iam.organizations,
  scope_level text not null check (scope_level in ('platform', 'organization', 'department', 'project')),
  scope_id text collate "C" not null,
  key text not null,
  value jsonb not null,
  minimum double precision,
  maximum double precision,
  allowed_values text[],
  is_denied boolean not null default false,
  changed_at timestamptz not null,
  changed_by text not null,
  version integer not null default 1,
  constraint policy_values_once unique (scope_id, key),
  check ((scope_level = 'platform') = (organization_id is null))
);
create index policy_values_organization on iam.policy_values (organization_id, id);
alter table iam.policy_values enable row level security;
alter table iam.policy_values force row level security;
-- The platform's values bind everybody, so everybody's transactions read them.
create policy read on iam.policy_values for select to cp_app
  using (organization_id is null or organization_id = any ((select kernel.visible_organizations())::text[]));
create policy change on iam.policy_values to cp_app
  using (organization_id = any ((select kernel.visible_organizations())::text[]))
  with check (organization_id = any ((select kernel.visible_organizations())::text[]));
create policy system on iam.policy_values to cp_system using (true) with check (true);
create policy owner on iam.policy_values to cp_owner using (true) with check (true);
grant select, insert, update, delete on iam.policy_values to cp_app, cp_system;

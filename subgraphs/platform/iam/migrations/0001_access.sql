-- Revisions of access data: one row for each organization, and one for the platform. A change of access raises it in
-- its own transaction; whoever decides with a newer revision than its snapshot loads again first.
create table iam.access_revisions (
  scope_id text collate "C" primary key,
  revision bigint not null default 1
);
insert into iam.access_revisions (scope_id) values ('platform');
alter table iam.access_revisions enable row level security;
alter table iam.access_revisions force row level security;
create policy read on iam.access_revisions for select to cp_app
  using (scope_id = 'platform' or scope_id = any ((select kernel.visible_organizations())::text[]));
create policy change on iam.access_revisions for update to cp_app
  using (scope_id = any ((select kernel.visible_organizations())::text[]));
create policy system on iam.access_revisions to cp_system using (true) with check (true);
create policy owner on iam.access_revisions to cp_owner using (true) with check (true);
grant select, update on iam.access_revisions to cp_app;
grant select, insert, update on iam.access_revisions to cp_system;

create table iam.organizations (
  id text collate "C" primary key,
  type text not null check (type in ('personal', 'enterprise')),
  name text not null,
  slug text not null constraint organizations_slug unique,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  created_at timestamptz not null,
  created_by text not null,
  version integer not null default 1
);
grant select, update on iam.organizations to cp_app;
grant select, insert, update on iam.organizations to cp_system;
call kernel.isolate_by_organization('iam.organizations', 'id');

create table iam.departments (
  id text collate "C" primary key,
  organization_id text collate "C" not null references iam.organizations,
  name text not null,
  slug text not null,
  is_default boolean not null default false,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint departments_slug unique (organization_id, slug),
  unique (id, organization_id)
);
create unique index departments_one_default on iam.departments (organization_id) where is_default;
grant select, insert, update on iam.departments to cp_app, cp_system;
call kernel.isolate_by_organization('iam.departments');

create table iam.projects (
  id text collate "C" primary key,
  organization_id text collate "C" not null references iam.organizations,
  department_id text collate "C" not null,
  name text not null,
  slug text not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  created_at timestamptz not null,
  created_by text not null,
  version integer not null default 1,
  constraint projects_slug unique (organization_id, slug),
  unique (id, organization_id),
  -- A project is in exactly one department, and that is in the same organization.
  foreign key (department_id, organization_id) references iam.departments (id, organization_id)
);
create index projects_department on iam.projects (department_id);
create index projects_organization on iam.projects (organization_id, id);
grant select, insert, update on iam.projects to cp_app, cp_system;
call kernel.isolate_by_organization('iam.projects');

-- People. The pair of issuer and subject is the identity; e-mail and name are attributes.
create table iam.users (
  id text collate "C" primary key,
  oidc_issuer text not null,
  oidc_subject text not null,
  email text,
  display_name text not null,
  is_disabled boolean not null default false,
  first_signed_in_at timestamptz,
  last_signed_in_at timestamptz,
  created_at timestamptz not null default now(),
  version integer not null default 1,
  constraint users_identity unique (oidc_issuer, oidc_subject)
);
create index users_email on iam.users (lower(email));

create table iam.memberships (
  organization_id text collate "C" not null references iam.organizations,
  user_id text collate "C" not null references iam.users,
  created_at timestamptz not null,
  created_by text not null,
  primary key (organization_id, user_id)
);
create index memberships_user on iam.memberships (user_id);
grant select, insert, delete on iam.memberships to cp_app, cp_system;
call kernel.isolate_by_organization('iam.memberships');

-- A person is seen where a membership is.
alter table iam.users enable row level security;
alter table iam.users force row level security;
create policy member on iam.users for select to cp_app using (
  exists (select from iam.memberships m where m.user_id = users.id)
);
create policy system on iam.users to cp_system using (true) with check (true);
create policy owner on iam.users to cp_owner using (true) with check (true);
grant select on iam.users to cp_app;
grant select, insert, update on iam.users to cp_system;

-- The row of an identity, made when there is none; the same person may be invited by organizations that do not see each other.
create function iam.ensure_user(new_id text, issuer text, subject text, new_email text, name text) returns text
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare found_id text;
begin
  select id into found_id from iam.users where oidc_issuer = issuer and oidc_subject = subject;
  if found_id is null then
    insert into iam.users (id, oidc_issuer, oidc_subject, email, display_name) values (new_id, issuer, subject, new_email, name)
      on conflict (oidc_issuer, oidc_subject) do update set oidc_subject = excluded.oidc_subject returning id into found_id;
  end if;
  return found_id;
end $$;
revoke all on function iam.ensure_user from public;
grant execute on function iam.ensure_user to cp_app, cp_system;

-- The only person with this e-mail who has signed in; null when there is none or more than one.
create function iam.find_user_by_email(wanted text) returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
  return (select min(id) from iam.users where lower(email) = lower(wanted) and first_signed_in_at is not null and not is_disabled having count(*) = 1);
revoke all on function iam.find_user_by_email from public;
grant execute on function iam.find_user_by_email to cp_app, cp_system;

create table iam.groups (
  id text collate "C" primary key,
  -- Null for a group of the platform's own staff.
  organization_id text collate "C" references iam.organizations,
  name text not null,
  description text not null default '',
  created_at timestamptz not null,
  version integer not null default 1,
  constraint groups_name unique nulls not distinct (organization_id, name)
);
grant select, insert, update, delete on iam.groups to cp_app, cp_system;
call kernel.isolate_by_organization('iam.groups');

create table iam.group_members (
  organization_id text collate "C",
  group_id text collate "C" not null references iam.groups on delete cascade,
  member_type text not null check (member_type in ('human', 'service_account', 'group')),
  member_id text collate "C" not null,
  created_at timestamptz not null,
  created_by text not null,
  primary key (group_id, member_id)
);
create index group_members_organization on iam.group_members (organization_id);
create index group_members_member on iam.group_members (member_id);
grant select, insert, delete on iam.group_members to cp_app, cp_system;
call kernel.isolate_by_organization('iam.group_members');

-- Roles that an organization made. Built-in ones are data of the registry and have no row.
create table iam.roles (
  id text collate "C" primary key,
  organization_id text collate "C" not null references iam.organizations,
  name text not null,
  title text not null,
  description text not null,
  permissions text[] not null,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint roles_name unique (organization_id, name)
);
grant select, insert, update, delete on iam.roles to cp_app, cp_system;
call kernel.isolate_by_organization('iam.roles');

-- Who has which role where. `deny` takes the role's permissions away; `guardrail` makes them the most that anybody can have.
create table iam.role_bindings (
  id text collate "C" primary key,
  -- Null for bindings at the platform.
  organization_id text collate "C" references iam.organizations,
  scope_level text not null check (scope_level in ('platform', 'organization', 'department', 'project')),
  scope_id text collate "C" not null,
  principal_type text not null check (principal_type in ('human', 'service_account', 'group', 'everyone')),
  principal_id text collate "C" not null,
  role_id text collate "C" not null,
  effect text not null check (effect in ('allow', 'deny', 'guardrail')),
  expires_at timestamptz,
  reason text,
  created_at timestamptz not null,
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  version integer not null default 1,
  check ((effect = 'guardrail') = (principal_type = 'everyone')),
  check ((scope_level = 'platform') = (organization_id is null))
);
create unique index role_bindings_once on iam.role_bindings (scope_id, principal_id, role_id, effect) where revoked_at is null;
create index role_bindings_organization on iam.role_bindings (organization_id, id) where revoked_at is null;
create index role_bindings_principal on iam.role_bindings (principal_id) where revoked_at is null;
create index role_bindings_restricting on iam.role_bindings (organization_id) where revoked_at is null and effect <> 'allow';
create index role_bindings_scope on iam.role_bindings (scope_id, id) where revoked_at is null;
grant select, insert, update on iam.role_bindings to cp_app, cp_system;
call kernel.isolate_by_organization('iam.role_bindings');

-- Principals that are denied everything at once: disabled people, deleted service accounts.
create table iam.revoked_principals (
  principal_id text collate "C" primary key,
  organization_id text collate "C",
  reason text not null,
  created_at timestamptz not null default now()
);
grant select, insert, delete on iam.revoked_principals to cp_app, cp_system;
call kernel.isolate_by_organization('iam.revoked_principals');

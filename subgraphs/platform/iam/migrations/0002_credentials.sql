-- Secrets at rest, sealed by envelope encryption: a data key of its own for each, wrapped by the master key. Destroying
-- one removes key and ciphertext; the row stays as the answer to "was there one".
create table iam.secrets (
  id text collate "C" primary key,
  -- Null for secrets of the platform itself, which organizations never see.
  organization_id text collate "C",
  purpose text not null,
  key_version smallint not null,
  wrapped_key bytea,
  sealed bytea,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz,
  check ((wrapped_key is null) = (destroyed_at is not null) and (sealed is null) = (destroyed_at is not null))
);
create index secrets_organization on iam.secrets (organization_id, id);
grant select, insert, update on iam.secrets to cp_app, cp_system;
call kernel.isolate_by_organization('iam.secrets');

create table iam.service_accounts (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  department_id text collate "C" not null,
  project_id text collate "C" not null,
  name text not null,
  slug text not null,
  description text not null default '',
  -- Permissions that its tokens are limited to, whatever its role bindings say; patterns may end in `.*`.
  allow_list text[] not null,
  state text not null check (state in ('active', 'disabled', 'deleted')),
  state_reason text,
  state_changed_at timestamptz not null,
  -- Tokens issued before this moment are void.
  tokens_valid_from timestamptz not null,
  created_at timestamptz not null,
  created_by text not null,
  version integer not null default 1,
  unique (id, organization_id),
  foreign key (project_id, organization_id) references iam.projects (id, organization_id)
);
create unique index service_accounts_slug on iam.service_accounts (project_id, slug) where state <> 'deleted';
create index service_accounts_organization on iam.service_accounts (organization_id, id);
grant select, insert, update on iam.service_accounts to cp_app, cp_system;
call kernel.isolate_by_organization('iam.service_accounts');

-- Keys of service accounts. The id is the OAuth client_id; of the secret only a hash is kept.
create table iam.service_account_keys (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  project_id text collate "C" not null,
  service_account_id text collate "C" not null,
  name text not null,
  secret_hash bytea,
  last_four text,
  -- The public half of a key that signs client assertions (RFC 7523) instead of sending a secret.
  public_jwk jsonb,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  version integer not null default 1,
  check ((secret_hash is null) <> (public_jwk is null)),
  foreign key (service_account_id, organization_id) references iam.service_accounts (id, organization_id)
);
create index service_account_keys_account on iam.service_account_keys (service_account_id, id);
create index service_account_keys_organization on iam.service_account_keys (organization_id, id);
grant select, insert, update on iam.service_account_keys to cp_app, cp_system;
call kernel.isolate_by_organization('iam.service_account_keys');

-- API keys act for their owner inside one project. Only a hash is kept.
create table iam.api_keys (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  project_id text collate "C" not null,
  owner_id text collate "C" not null,
  owner_name text not null,
  name text not null,
  key_hash bytea not null constraint api_keys_hash unique,
  prefix text not null,
  last_four text not null,
  allow_list text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  version integer not null default 1,
  foreign key (project_id, organization_id) references iam.projects (id, organization_id)
);
create index api_keys_project on iam.api_keys (project_id, id);
create index api_keys_organization on iam.api_keys (organization_id, id);
create index api_keys_owner on iam.api_keys (owner_id) where revoked_at is null;
create index api_keys_live on iam.api_keys (coalesce(last_used_at, created_at) desc) where revoked_at is null;
grant select, insert, update on iam.api_keys to cp_app, cp_system;
call kernel.isolate_by_organization('iam.api_keys');

-- SSH public keys of people (no organization: a person takes them along) and of service accounts.
create table iam.ssh_keys (
  id text collate "C" primary key,
  organization_id text collate "C",
  project_id text collate "C",
  owner_id text collate "C" not null,
  name text not null,
  type text not null,
  public_key text not null,
  fingerprint text not null,
  created_at timestamptz not null,
  created_by text not null,
  removed_at timestamptz,
  removed_by text,
  version integer not null default 1
);
create unique index ssh_keys_once on iam.ssh_keys (owner_id, fingerprint) where removed_at is null;
create index ssh_keys_owner on iam.ssh_keys (owner_id, id) where removed_at is null;
create index ssh_keys_organization on iam.ssh_keys (organization_id, id);
alter table iam.ssh_keys enable row level security;
alter table iam.ssh_keys force row level security;
-- Public keys are public: whoever may launch a machine reads the ones it is told to install.
create policy read on iam.ssh_keys for select to cp_app
  using (organization_id is null or organization_id = any ((select kernel.visible_organizations())::text[]));
create policy change on iam.ssh_keys for insert to cp_app
  with check (organization_id = any ((select kernel.visible_organizations())::text[]));
create policy remove on iam.ssh_keys for update to cp_app
  using (organization_id = any ((select kernel.visible_organizations())::text[]));
create policy system on iam.ssh_keys to cp_system using (true) with check (true);
create policy owner on iam.ssh_keys to cp_owner using (true) with check (true);
grant select, insert, update on iam.ssh_keys to cp_app, cp_system;

-- One row for each session at the identity provider. People belong to no organization, so only the system role reads here.
create table iam.account_sessions (
  id text collate "C" primary key,
  user_id text collate "C" not null references iam.users,
  provider text not null check (provider in ('oidc', 'personal_token', 'service_account', 'password', 'unknown')),
  provider_session_id text not null,
  latest_token_id text,
  assurance smallint not null,
  authentication_context text,
  authentication_methods text[] not null,
  authenticated_at timestamptz,
  device text not null,
  browser text not null,
  operating_system text not null,
  ip text,
  signed_in_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by text,
  revoked_reason text,
  version integer not null default 1,
  constraint account_sessions_once unique (user_id, provider, provider_session_id)
);
create index account_sessions_user on iam.account_sessions (user_id, id);
grant select, insert, update on iam.account_sessions to cp_system;

-- What no longer counts, for every process to hear of: identifiers of tokens, sessions, keys, accounts and people. A
-- process asks for rows from the oldest transaction that was still open when it asked last, so it misses none.
create table iam.revocations (
  xid xid8 not null default pg_current_xact_id(),
  subject_type text not null check (subject_type in ('token', 'session', 'api_key', 'service_account_key', 'service_account', 'user')),
  subject_id text collate "C" not null,
  revoked_at timestamptz not null default now(),
  -- No cache holds the subject, and no token of it lives, after this moment.
  forget_at timestamptz not null,
  primary key (subject_id, xid)
);
create index revocations_xid on iam.revocations (xid);
create index revocations_forget on iam.revocations (forget_at);
grant insert on iam.revocations to cp_app;
grant select, insert, delete on iam.revocations to cp_system;

-- Whoever disables a person, by whatever way, tells it to every process in the same commit.
create function iam.tell_disabled_user() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into iam.revocations (subject_type, subject_id, forget_at) values ('user', new.id, now() + interval '1 day')
    on conflict do nothing;
  return null;
end $$;
create trigger users_disabled after update of is_disabled on iam.users
  for each row when (new.is_disabled is distinct from old.is_disabled) execute function iam.tell_disabled_user();

-- Keys that sign our own tokens. At most one signs and one waits.
create table iam.signing_keys (
  id text collate "C" primary key,
  algorithm text not null,
  public_jwk jsonb not null,
  secret_id text collate "C" not null references iam.secrets,
  state text not null check (state in ('staged', 'active', 'grace', 'retired')),
  state_reason text,
  state_changed_at timestamptz not null,
  state_deadline_at timestamptz,
  published_at timestamptz not null,
  effective_at timestamptz,
  retired_at timestamptz,
  version integer not null default 1
);
create unique index signing_keys_one_active on iam.signing_keys (state) where state in ('active', 'staged');
grant select, insert, update on iam.signing_keys to cp_system;

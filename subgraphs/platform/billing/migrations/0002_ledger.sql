-- The billing account of an organization: its identifier carries the organization's UUID. Its row is also the lock that
-- puts all movements of money of one organization in order, and its version tells reconcilers what they have not seen.
create table billing.billing_accounts (
  -- One unique index only: with two, the first movements of an organization at once could meet on the wrong one.
  organization_id text collate "C" primary key,
  id text collate "C" not null generated always as ('bac_' || substr(organization_id, 5)) stored,
  currency text not null default 'USD',
  state text not null default 'depleted' check (state in ('healthy', 'low_balance', 'auto_release_pending', 'depleted')),
  state_reason text,
  state_changed_at timestamptz not null default now(),
  -- When the balance is expected to reach zero; set while the state is auto_release_pending.
  state_deadline_at timestamptz,
  ledger_version bigint not null default 1,
  assessed_version bigint not null default 0,
  reconciled_version bigint not null default 0,
  -- Since when its totals are not the sum of its transfers: never, one hopes.
  drifted_since timestamptz,
  created_at timestamptz not null default now()
);
grant select, insert (organization_id),
  update (ledger_version, state, state_reason, state_changed_at, state_deadline_at, assessed_version)
  on billing.billing_accounts to cp_app;
grant select, insert, update on billing.billing_accounts to cp_system;
call kernel.isolate_by_organization('billing.billing_accounts');

-- Accounts of the double entry. Every one belongs to one organization, the platform's side too: so no row is hot for
-- all, and each organization's accounts sum to zero on their own. The identifier is the path.
--   prepaid          what the organization paid and has not used          (credit side; never overdrawn)
--   credits_granted  one per grant, used before prepaid                   (credit side; never overdrawn)
--   receivable       what it used beyond its funds                        (debit side)
--   revenue          one per project and calendar month (UTC)             (credit side)
--   cash, promotion, breakage   where top-ups and grants come from, where expired credits go
create table billing.accounts (
  id text collate "C" primary key,
  organization_id text not null,
  code text not null check (code in ('prepaid', 'credits_granted', 'receivable', 'revenue', 'cash', 'promotion', 'breakage')),
  project_id text,
  period text check (period ~ '^\d{4}-\d{2}$'),
  priority integer,
  expires_at timestamptz,
  debits_pending numeric(38, 0) not null default 0 check (debits_pending >= 0),
  debits_posted numeric(38, 0) not null default 0 check (debits_posted >= 0),
  credits_pending numeric(38, 0) not null default 0 check (credits_pending >= 0),
  credits_posted numeric(38, 0) not null default 0 check (credits_posted >= 0),
  created_at timestamptz not null default now(),
  constraint accounts_floor check (code not in ('prepaid', 'credits_granted') or credits_posted - debits_posted - debits_pending >= 0),
  check ((code = 'revenue') = (project_id is not null and period is not null)),
  check ((code = 'credits_granted') = (priority is not null))
) with (fillfactor = 60);
create index accounts_code on billing.accounts (organization_id, code);
-- Nobody may write the totals: they follow from transfers (see billing.apply_transfers).
grant select, insert (id, organization_id, code, project_id, period, priority, expires_at) on billing.accounts to cp_app, cp_system;
call kernel.isolate_by_organization('billing.accounts');

create table billing.transfers (
  id text collate "C" primary key,
  organization_id text not null,
  project_id text,
  kind text not null check (kind in ('single', 'pending', 'post', 'void')),
  code text not null check (code in
    ('top_up', 'credit_grant', 'credit_expiry', 'repayment', 'usage', 'hold', 'settlement', 'release', 'correction')),
  debit_account_id text collate "C" not null,
  credit_account_id text collate "C" not null,
  amount_nanos bigint not null check (amount_nanos > 0),
  -- What a post or a void resolves: wholly or in part.
  pending_id text collate "C",
  hold_id text collate "C",
  usage_id text collate "C",
  corrects_id text collate "C",
  -- The payment or operator's voucher behind a top-up or grant: it counts once.
  reference text,
  actor_id text,
  correlation_id text,
  created_at timestamptz not null,
  check (debit_account_id <> credit_account_id),
  check ((kind in ('post', 'void')) = (pending_id is not null))
);
create index transfers_organization on billing.transfers (organization_id, id);
create index transfers_project on billing.transfers (project_id, id) where project_id is not null;
create index transfers_pending on billing.transfers (pending_id) where pending_id is not null;
create index transfers_hold on billing.transfers (hold_id) where hold_id is not null;
create index transfers_usage on billing.transfers (usage_id) where usage_id is not null;
create unique index transfers_correction on billing.transfers (corrects_id) where corrects_id is not null;
create unique index transfers_voucher on billing.transfers (organization_id, code, reference) where reference is not null;
grant select, insert on billing.transfers to cp_app, cp_system;
call kernel.isolate_by_organization('billing.transfers');
call billing.make_append_only('billing.transfers');

-- The only way to change an account. It runs in the statement that writes the transfers, as the owner of the tables,
-- and so a transfer without its effect, or an effect without its transfer, cannot be written.
create function billing.apply_transfers() returns trigger language plpgsql security definer set search_path = billing, pg_temp as $$
declare
  touched bigint;
  expected bigint;
begin
  -- Nearly always it is one transfer, and its two accounts differ: nothing to add up first.
  select count(*) into expected from written;
  if expected = 1 then
    update billing.accounts a set
      debits_pending = a.debits_pending + case when a.id = w.debit_account_id then w.pending else 0 end,
      debits_posted = a.debits_posted + case when a.id = w.debit_account_id then w.posted else 0 end,
      credits_pending = a.credits_pending + case when a.id = w.credit_account_id then w.pending else 0 end,
      credits_posted = a.credits_posted + case when a.id = w.credit_account_id then w.posted else 0 end
    from (
      select debit_account_id, credit_account_id, organization_id,
        case kind when 'pending' then amount_nanos when 'single' then 0 else -amount_nanos end as pending,
        case when kind in ('single', 'post') then amount_nanos else 0 end as posted
      from written
    ) w where a.id = any (array[w.debit_account_id, w.credit_account_id]) and a.organization_id = w.organization_id;
    get diagnostics touched = row_count;
    if touched <> 2 then
      raise exception 'a transfer names an account that its organization does not have' using errcode = 'foreign_key_violation';
    end if;
    return null;
  end if;
  with sides as (
    select debit_account_id as account_id, organization_id,
      case kind when 'pending' then amount_nanos when 'single' then 0 else -amount_nanos end as debits_pending,
      case when kind in ('single', 'post') then amount_nanos else 0 end as debits_posted,
      0 as credits_pending, 0 as credits_posted
    from written
    union all
    select credit_account_id, organization_id, 0, 0,
      case kind when 'pending' then amount_nanos when 'single' then 0 else -amount_nanos end,
      case when kind in ('single', 'post') then amount_nanos else 0 end
    from written
  ), effect as (
    select account_id, organization_id, sum(debits_pending) as debits_pending, sum(debits_posted) as debits_posted,
      sum(credits_pending) as credits_pending, sum(credits_posted) as credits_posted
    from sides group by account_id, organization_id
  ), applied as (
    update billing.accounts a set
      debits_pending = a.debits_pending + e.debits_pending, debits_posted = a.debits_posted + e.debits_posted,
      credits_pending = a.credits_pending + e.credits_pending, credits_posted = a.credits_posted + e.credits_posted
    from effect e where a.id = e.account_id and a.organization_id = e.organization_id
    returning 1
  )
  select (select count(*) from applied), (select count(*) from effect) into touched, expected;
  if touched <> expected then
    raise exception 'a transfer names an account that its organization does not have' using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger apply_transfers after insert on billing.transfers
  referencing new table as written for each statement execute function billing.apply_transfers();

-- Takes the money lock of an organization until the commit, and makes its account when it has none: the first movement
-- of an organization is in order too.
create function billing.lock_money(p_organization text) returns void language sql volatile as $$
  insert into billing.billing_accounts (organization_id) values (p_organization)
  on conflict (organization_id) do update set ledger_version = billing_accounts.ledger_version + 1
$$;

create function billing.open_account(
  p_organization text, p_code text, p_project text default null, p_period text default null,
  p_grant text default null, p_priority integer default null, p_expires timestamptz default null
) returns text language plpgsql as $$
declare
  path text := concat_ws('/', p_organization, p_code, p_project, p_period, p_grant);
begin
  insert into billing.accounts (id, organization_id, code, project_id, period, priority, expires_at)
  values (path, p_organization, p_code, p_project, p_period, p_priority, p_expires)
  on conflict (id) do nothing;
  return path;
end $$;

-- Identifier of the n-th transfer of one movement: the caller's TypeID with its last ten random bits counting.
create function billing.leg_id(base text, n integer) returns text language sql immutable as $$
  select left(base, -2) || substr('0123456789abcdefghjkmnpqrstvwxyz', n / 32 + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', n % 32 + 1, 1)
$$;

-- Which funds pay an amount: grants by priority, then those that expire first, then prepaid. May cover less than asked.
create function billing.funds(p_organization text, p_amount numeric, p_now timestamptz)
  returns table (account_id text, amount numeric) language sql stable as $$
  select id, least(available, p_amount - ahead)
  from (
    select id, available, sum(available) over (order by rank, priority, expires_at, id) - available as ahead, rank, priority, expires_at
    from (
      select id, credits_posted - debits_posted - debits_pending as available, (code = 'prepaid')::integer as rank, priority, expires_at
      from billing.accounts
      where organization_id = p_organization and code in ('prepaid', 'credits_granted')
        and (expires_at is null or expires_at > p_now)
    ) fund where available > 0
  ) queue
  where ahead < p_amount
  order by rank, priority, expires_at, id
$$;

-- Posted: what is left of the funds, less what is owed. Held: the part of it that waits for a settlement.
create function billing.balance(p_organization text, p_now timestamptz)
  returns table (posted numeric, held numeric) language sql stable as $$
  select
    coalesce(sum(case
      when code = 'receivable' then credits_posted - debits_posted
      when expires_at <= p_now then debits_pending
      else credits_posted - debits_posted end), 0),
    coalesce(sum(debits_pending) filter (where code <> 'receivable'), 0)
  from billing.accounts
  where organization_id = p_organization and code in ('prepaid', 'credits_granted', 'receivable')
$$;

-- Funds that became free pay what is owed first. The caller holds the money lock.
create function billing.repay(p_organization text, p_transfer text, p_actor text, p_correlation text, p_now timestamptz)
  returns void language plpgsql as $$
declare
  owed numeric;
  fund record;
  n integer := 0;
begin
  select debits_posted - credits_posted into owed from billing.accounts where id = p_organization || '/receivable';
  if owed is null or owed <= 0 then return; end if;
  for fund in select * from billing.funds(p_organization, owed, p_now) loop
    insert into billing.transfers (id, organization_id, kind, code, debit_account_id, credit_account_id, amount_nanos, actor_id, correlation_id, created_at)
    values (billing.leg_id(p_transfer, n), p_organization, 'single', 'repayment', fund.account_id, p_organization || '/receivable',
      fund.amount, p_actor, p_correlation, p_now);
    n := n + 1;
  end loop;
end $$;

-- Money comes in: cash to prepaid, or promotion to a grant of its own. False when the voucher was counted before.
create function billing.credit(
  p_organization text, p_transfer text, p_repayment text, p_amount bigint, p_reference text, p_grant jsonb,
  p_actor text, p_correlation text, p_now timestamptz
) returns boolean language plpgsql as $$
declare
  fund text;
  source text;
begin
  perform billing.lock_money(p_organization);
  if p_grant is null then
    fund := billing.open_account(p_organization, 'prepaid');
    source := billing.open_account(p_organization, 'cash');
  else
    fund := billing.open_account(p_organization, 'credits_granted', p_grant => p_transfer,
      p_priority => (p_grant->>'priority')::integer, p_expires => (p_grant->>'expires_at')::timestamptz);
    source := billing.open_account(p_organization, 'promotion');
  end if;
  insert into billing.transfers (id, organization_id, kind, code, debit_account_id, credit_account_id, amount_nanos, reference, actor_id, correlation_id, created_at)
  values (p_transfer, p_organization, 'single', case when p_grant is null then 'top_up' else 'credit_grant' end, source, fund, p_amount,
    p_reference, p_actor, p_correlation, p_now)
  on conflict (organization_id, code, reference) where reference is not null do nothing;
  if not found then return false; end if;
  perform billing.repay(p_organization, p_repayment, p_actor, p_correlation, p_now);
  return true;
end $$;

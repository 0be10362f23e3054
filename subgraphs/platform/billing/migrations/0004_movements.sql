-- Spent and held on one budget in one period, read from the ledger itself: nothing is ever reset.
create function billing.budget_spend(p_budget billing.budgets, p_month text)
  returns table (spent numeric, held numeric) language sql stable as $$
  select coalesce(sum(credits_posted - debits_posted), 0), coalesce(sum(credits_pending), 0)
  from billing.accounts
  where organization_id = p_budget.organization_id and code = 'revenue'
    and (p_budget.project_id is null or project_id = p_budget.project_id)
    and (p_budget.period = 'total' or period = p_month)
$$;

create function billing.hold_rest(p_hold text)
  returns table (id text, debit_account_id text, credit_account_id text, rest numeric) language sql stable as $$
  select t.id, t.debit_account_id, t.credit_account_id,
    t.amount_nanos - coalesce((select sum(r.amount_nanos) from billing.transfers r where r.pending_id = t.id), 0)
  from billing.transfers t where t.hold_id = p_hold and t.kind = 'pending' order by t.id
$$;

-- Holds money at the account and against every budget above the project, or nothing at all.
-- outcome: held | exists | closed | taken | balance | budget
create function billing.hold(
  p_hold text, p_transfer text, p_organization text, p_department text, p_project text, p_amount bigint, p_reference text,
  p_reason text, p_snapshot text, p_ttl_seconds double precision, p_now timestamptz, p_month text,
  out outcome text, out hold_id text, out details jsonb
) language plpgsql as $$
declare
  facts record;
  refused jsonb;
  -- As billing.open_account names it.
  revenue text := concat_ws('/', p_organization, 'revenue', p_project, p_month);
begin
  -- billing.lock_money in short: nearly every organization has its row.
  update billing.billing_accounts b set ledger_version = b.ledger_version + 1 where b.organization_id = p_organization;
  if not found then perform billing.lock_money(p_organization); end if;
  select h.id, h.state, b.posted - b.held as free, exists (select from billing.accounts a where a.id = revenue) as has_revenue,
      exists (select from billing.budgets g where g.organization_id = p_organization and g.is_hard_stop) as has_budget
    into facts from billing.balance(p_organization, p_now) b left join billing.holds h on h.reference = p_reference;
  if facts.id is not null then
    outcome := case facts.state when 'active' then 'exists' else 'closed' end;
    hold_id := facts.id; details := jsonb_build_object('state', facts.state);
    return;
  end if;
  if facts.free < p_amount then
    outcome := 'balance'; details := jsonb_build_object('available', facts.free::text, 'needed', p_amount::text);
    return;
  end if;
  if facts.has_budget then
    select jsonb_build_object('budget', b.id, 'project', b.project_id, 'period', b.period, 'limit', b.amount_nanos::text,
        'spent', s.spent::text, 'held', s.held::text, 'available', greatest(b.amount_nanos - s.spent - s.held, 0)::text, 'needed', p_amount::text)
      into refused
      from billing.budgets b cross join lateral billing.budget_spend(b, p_month) s
      where b.organization_id = p_organization and b.is_hard_stop and (b.project_id is null or b.project_id = p_project)
        and s.spent + s.held + p_amount > b.amount_nanos
      order by b.project_id nulls last limit 1;
  end if;
  if refused is not null then
    outcome := 'budget'; details := refused;
    return;
  end if;
  insert into billing.holds (id, organization_id, department_id, project_id, reference, price_snapshot_id, amount_nanos, reason, state_changed_at, state_deadline_at)
  values (p_hold, p_organization, p_department, p_project, p_reference, p_snapshot, p_amount, p_reason, p_now, p_now + make_interval(secs => p_ttl_seconds))
  on conflict (reference) do nothing;
  details := '{}';
  if not found then
    outcome := 'taken';
    return;
  end if;
  if p_amount > 0 then
    if not facts.has_revenue then revenue := billing.open_account(p_organization, 'revenue', p_project, p_month); end if;
    insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, hold_id, created_at)
    select billing.leg_id(p_transfer, (row_number() over () - 1)::integer), p_organization, p_project, 'pending', 'hold', f.account_id, revenue, f.amount, p_hold, p_now
    from billing.funds(p_organization, p_amount, p_now) f;
  end if;
  outcome := 'held'; hold_id := p_hold;
end $$;

-- Charges an amount to a project: what the hold has left first, then free funds, and what they cannot pay is owed.
-- The caller holds the money lock. Answers how many transfers it wrote.
create function billing.charge(
  p_transfer text, p_organization text, p_project text, p_amount numeric, p_hold text, p_is_hold_only boolean, p_code text, p_usage text,
  p_actor text, p_correlation text, p_now timestamptz, p_month text
) returns integer language plpgsql as $$
declare
  due numeric := p_amount;
  part numeric;
  leg record;
  revenue text;
  n integer := 0;
begin
  if p_hold is not null then
    for leg in select * from billing.hold_rest(p_hold) loop
      part := least(leg.rest, due);
      continue when part <= 0;
      insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, pending_id, hold_id, usage_id, actor_id, correlation_id, created_at)
      values (billing.leg_id(p_transfer, n), p_organization, p_project, 'post', p_code, leg.debit_account_id, leg.credit_account_id, part, leg.id, p_hold, p_usage, p_actor, p_correlation, p_now);
      n := n + 1;
      due := due - part;
    end loop;
  end if;
  if due = 0 then return n; end if;
  if p_is_hold_only then
    raise exception 'hold % does not cover %', p_hold, due;
  end if;
  revenue := billing.open_account(p_organization, 'revenue', p_project, p_month);
  for leg in
    select * from billing.funds(p_organization, due, p_now)
  loop
    insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, usage_id, actor_id, correlation_id, created_at)
    values (billing.leg_id(p_transfer, n), p_organization, p_project, 'single', p_code, leg.account_id, revenue, leg.amount, p_usage, p_actor, p_correlation, p_now);
    n := n + 1;
    due := due - leg.amount;
  end loop;
  if due > 0 then
    insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, usage_id, actor_id, correlation_id, created_at)
    values (billing.leg_id(p_transfer, n), p_organization, p_project, 'single', p_code, billing.open_account(p_organization, 'receivable'), revenue, due, p_usage, p_actor, p_correlation, p_now);
    n := n + 1;
  end if;
  return n;
end $$;

-- Gives back what a hold has left and closes it. The caller holds the money lock and has seen the hold active.
create function billing.close_hold(
  p_hold text, p_transfer text, p_repayment text, p_state text, p_reason text, p_settled bigint, p_settled_by text, p_now timestamptz
) returns void language plpgsql as $$
declare
  owner text;
begin
  insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, pending_id, hold_id, created_at)
  select billing.leg_id(p_transfer, (row_number() over () - 1)::integer), h.organization_id, h.project_id, 'void', 'release',
    r.debit_account_id, r.credit_account_id, r.rest, r.id, p_hold, p_now
  from billing.holds h cross join lateral billing.hold_rest(h.id) r where h.id = p_hold and r.rest > 0;
  update billing.holds set state = p_state, state_reason = p_reason, state_changed_at = p_now, settled_nanos = p_settled, settled_by = p_settled_by
  where id = p_hold and state = 'active' returning organization_id into strict owner;
  perform billing.repay(owner, p_repayment, null, null, p_now);
end $$;

-- outcome: settled | missing | closed | conflict | above. The amount is the whole cost of what was held for: what usage
-- posted against the hold is part of it.
create function billing.settle(p_reference text, p_amount bigint, p_transfers text[], p_now timestamptz, p_month text)
  returns table (outcome text, transfer_id text, details jsonb) language plpgsql as $$
declare
  h billing.holds;
  posted numeric;
  first text;
begin
  select * into h from billing.holds where reference = p_reference;
  if not found then
    return query select 'missing', null::text, '{}'::jsonb;
    return;
  end if;
  perform billing.lock_money(h.organization_id);
  select * into h from billing.holds where reference = p_reference;
  if h.settled_nanos is not null then
    return query select case when h.settled_nanos = p_amount then 'settled' else 'conflict' end, h.settled_by, jsonb_build_object('settled', h.settled_nanos::text);
    return;
  end if;
  -- One that usage has spent whole is settled in all but the amount that is named now.
  if h.state not in ('active', 'settled') then
    return query select 'closed', null::text, jsonb_build_object('state', h.state);
    return;
  end if;
  if p_amount > h.amount_nanos then
    return query select 'above', null::text, jsonb_build_object('held', h.amount_nanos::text, 'needed', p_amount::text);
    return;
  end if;
  select coalesce(sum(t.amount_nanos), 0), min(t.id) into posted, first from billing.transfers t where t.hold_id = h.id and t.kind = 'post';
  if h.state = 'settled' then
    update billing.holds set settled_nanos = p_amount, settled_by = first where id = h.id;
    return query select 'settled', first, '{}'::jsonb;
    return;
  end if;
  if p_amount > posted then
    perform billing.charge(p_transfers[1], h.organization_id, h.project_id, p_amount - posted, h.id, true, 'settlement', null, null, null, p_now, p_month);
    first := coalesce(first, billing.leg_id(p_transfers[1], 0));
  end if;
  perform billing.close_hold(h.id, p_transfers[2], p_transfers[3], 'settled', 'settled', p_amount, first, p_now);
  return query select 'settled', first, '{}'::jsonb;
end $$;

-- Gives a hold back, and answers how much; what usage already took from it stays taken. Null when it was not active.
create function billing.release(p_reference text, p_state text, p_reason text, p_transfers text[], p_now timestamptz)
  returns numeric language plpgsql as $$
declare
  h billing.holds;
  given_back numeric;
begin
  select * into h from billing.holds where reference = p_reference;
  if not found then return null; end if;
  perform billing.lock_money(h.organization_id);
  select * into h from billing.holds where reference = p_reference;
  if h.state <> 'active' then return null; end if;
  select coalesce(sum(r.rest), 0) into given_back from billing.hold_rest(h.id) r;
  perform billing.close_hold(h.id, p_transfers[1], p_transfers[2], p_state, p_reason, null, null, p_now);
  return given_back;
end $$;

-- Accepts, rates and posts one usage event. outcome: recorded | duplicate | conflict
create function billing.record_usage(p_event jsonb, p_line jsonb, p_transfer text, p_now timestamptz, p_month text)
  returns table (outcome text, usage_id text, amount numeric, balance numeric) language plpgsql as $$
declare
  u billing.usage_records := jsonb_populate_record(null::billing.usage_records, p_event);
  l billing.rated_lines := jsonb_populate_record(null::billing.rated_lines, p_line);
  known record;
  hold text;
begin
  perform billing.lock_money(u.organization_id);
  insert into billing.usage_records select u.* on conflict (source, event_id) do nothing;
  if not found then
    select r.id, r.content_hash, x.amount_nanos, x.balance_after_nanos into known
      from billing.usage_records r join billing.rated_lines x on x.usage_id = r.id where r.source = u.source and r.event_id = u.event_id;
    return query select case when known.content_hash = u.content_hash then 'duplicate' else 'conflict' end,
      known.id, known.amount_nanos::numeric, known.balance_after_nanos;
    return;
  end if;
  if u.hold_reference is not null then
    select h.id into hold from billing.holds h
    where h.reference = u.hold_reference and h.state = 'active' and h.organization_id = u.organization_id and h.project_id = u.project_id;
  end if;
  if l.amount_nanos > 0 then
    perform billing.charge(p_transfer, u.organization_id, u.project_id, l.amount_nanos, hold, false, 'usage', u.id, u.actor_id, u.correlation_id, p_now, p_month);
  end if;
  -- A hold that is spent is not left waiting for its time to pass.
  if hold is not null and not exists (select from billing.hold_rest(hold) r where r.rest > 0) then
    update billing.holds set state = 'settled', state_reason = 'spent by usage', state_changed_at = p_now where id = hold;
  end if;
  select b.posted into l.balance_after_nanos from billing.balance(u.organization_id, p_now) b;
  insert into billing.rated_lines select l.*;
  return query select 'recorded', u.id, l.amount_nanos::numeric, l.balance_after_nanos;
end $$;

-- A correction swaps the sides of what it corrects, in full, once; what was owed goes to prepaid, which pays what still is. outcome: corrected | missing | not_correctable | corrected_before
create function billing.correct(p_original text, p_transfer text, p_repayment text, p_actor text, p_correlation text, p_now timestamptz)
  returns text language plpgsql as $$
declare
  t billing.transfers;
  fund text;
begin
  select * into t from billing.transfers where id = p_original;
  if not found then return 'missing'; end if;
  if t.code not in ('usage', 'settlement') then return 'not_correctable'; end if;
  perform billing.lock_money(t.organization_id);
  fund := t.debit_account_id;
  if fund = t.organization_id || '/receivable' then fund := billing.open_account(t.organization_id, 'prepaid'); end if;
  insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, usage_id, corrects_id, actor_id, correlation_id, created_at)
  values (p_transfer, t.organization_id, t.project_id, 'single', 'correction', t.credit_account_id, fund, t.amount_nanos, t.usage_id, t.id, p_actor, p_correlation, p_now)
  on conflict (corrects_id) where corrects_id is not null do nothing;
  if not found then return 'corrected_before'; end if;
  perform billing.repay(t.organization_id, p_repayment, p_actor, p_correlation, p_now);
  return 'corrected';
end $$;

-- Each hold would lock the one row of the price that all launches share. Snapshots are append-only: what a hold names
-- stays, and it was read in the transaction or before.
alter table billing.holds drop constraint holds_price_snapshot_id_fkey;

create type billing.fund as (account_id text, available numeric);

-- Holds money for many references at once, and answers those that are held. Where all that an organization is asked for is
-- what nearly every hold is (one fund covers it, there is no budget that stops, nothing is held under the references), it
-- is moved in one go; of any other organization nothing is held, and each of its references has to be asked for by
-- billing.hold, in turn. The accounts are locked in the order of their organizations.
create function billing.hold_together(
  p_holds text[], p_transfers text[], p_organizations text[], p_departments text[], p_projects text[], p_amounts bigint[],
  p_references text[], p_reasons text[], p_snapshots text[], p_ttl_seconds double precision[], p_now timestamptz, p_month text
) returns text[] language plpgsql set plan_cache_mode = force_generic_plan as $$
declare locked text[]; held_references text[];
begin
  with account as materialized (
    select b.organization_id from billing.billing_accounts b where b.organization_id = any (p_organizations)
      order by b.organization_id for no key update
  ), counted as (
    update billing.billing_accounts b set ledger_version = b.ledger_version + 1 from account a
      where b.organization_id = a.organization_id returning b.organization_id
  )
  select array_agg(c.organization_id) into locked from counted c;

  with request as materialized (
    select r.*, a.revenue,
      -- Scalar, so that each is one look-up in an index.
      (select h.id from billing.holds h where h.reference = r.reference) as known,
      (select o.id from billing.accounts o where o.id = a.revenue) as opened
    from unnest(p_holds, p_transfers, p_organizations, p_departments, p_projects, p_amounts, p_references, p_reasons, p_snapshots, p_ttl_seconds)
      r (id, transfer, organization_id, department_id, project_id, amount, reference, reason, snapshot, ttl)
      cross join lateral (select concat_ws('/', r.organization_id, 'revenue', r.project_id, p_month) as revenue) a
  ), need as materialized (
    select r.organization_id, sum(r.amount) as amount from request r where r.organization_id = any (locked) group by r.organization_id
      having min(r.amount) > 0 and count(distinct r.reference) = count(*) and bool_and(r.known is null and r.opened is not null)
        and not exists (select from billing.budgets g where g.organization_id = r.organization_id and g.is_hard_stop)
  ), means as materialized (
    -- What billing.balance says, and the first that billing.funds would name.
    select a.organization_id,
      sum(case when a.code = 'receivable' then a.credits_posted - a.debits_posted
        when a.expires_at <= p_now then 0 else a.credits_posted - a.debits_posted - a.debits_pending end) as free,
      (array_agg(row (a.id, a.credits_posted - a.debits_posted - a.debits_pending)::billing.fund
        order by a.code = 'prepaid', a.priority, a.expires_at, a.id)
        filter (where a.code <> 'receivable' and (a.expires_at is null or a.expires_at > p_now)
          and a.credits_posted - a.debits_posted - a.debits_pending > 0))[1] as first
    from billing.accounts a
    where a.organization_id = any (p_organizations) and a.code in ('prepaid', 'credits_granted', 'receivable')
    group by a.organization_id
  ), fund as materialized (
    select n.organization_id, (m.first).account_id
    from need n join means m on m.organization_id = n.organization_id
    where m.free >= n.amount and (m.first).available >= n.amount
  ), stored as (
    insert into billing.holds (id, organization_id, department_id, project_id, reference, price_snapshot_id, amount_nanos, reason, state_changed_at, state_deadline_at)
      select r.id, r.organization_id, r.department_id, r.project_id, r.reference, r.snapshot, r.amount, r.reason, p_now, p_now + make_interval(secs => r.ttl)
      from request r join fund f on f.organization_id = r.organization_id
      returning reference
  ), moved as (
    insert into billing.transfers (id, organization_id, project_id, kind, code, debit_account_id, credit_account_id, amount_nanos, hold_id, created_at)
      select billing.leg_id(r.transfer, 0), r.organization_id, r.project_id, 'pending', 'hold', f.account_id, r.revenue, r.amount, r.id, p_now
      from request r join fund f on f.organization_id = r.organization_id
  )
  select array_agg(s.reference) into held_references from stored s;
  return coalesce(held_references, '{}');
end $$;
grant execute on function billing.hold_together to cp_app, cp_system;

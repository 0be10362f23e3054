-- Accounts whose totals are not what their transfers say: none, ever.
create function billing.ledger_drift(p_organization text)
  returns table (account_id text) language sql stable as $$
  with sides as (
    select debit_account_id as account_id, 'debit' as side, kind, amount_nanos from billing.transfers where organization_id = p_organization
    union all
    select credit_account_id, 'credit', kind, amount_nanos from billing.transfers where organization_id = p_organization
  ), sums as (
    select account_id,
      sum(amount_nanos) filter (where side = 'debit' and kind in ('single', 'post')) as debits_posted,
      sum(amount_nanos) filter (where side = 'credit' and kind in ('single', 'post')) as credits_posted,
      sum(case kind when 'pending' then amount_nanos else -amount_nanos end) filter (where side = 'debit' and kind <> 'single') as debits_pending,
      sum(case kind when 'pending' then amount_nanos else -amount_nanos end) filter (where side = 'credit' and kind <> 'single') as credits_pending
    from sides group by account_id
  )
  select a.id from billing.accounts a left join sums s on s.account_id = a.id
  where a.organization_id = p_organization and (
    a.debits_posted <> coalesce(s.debits_posted, 0) or a.credits_posted <> coalesce(s.credits_posted, 0)
    or a.debits_pending <> coalesce(s.debits_pending, 0) or a.credits_pending <> coalesce(s.credits_pending, 0))
  order by a.id
$$;

-- Accepted, rated and posted, per unit: three sums that are one. A correction leaves them as they were, beside itself.
create function billing.usage_reconciliation(p_organization text)
  returns table (unit text, records bigint, accepted_base_quantity numeric, rated_base_quantity numeric, rated_nanos numeric, ledger_nanos numeric)
  language sql stable as $$
  select u.unit, count(*), sum(u.base_quantity), coalesce(sum(l.base_quantity), 0), coalesce(sum(l.amount_nanos), 0), coalesce(sum(t.amount), 0)
  from billing.usage_records u
  left join billing.rated_lines l on l.usage_id = u.id
  left join lateral (select sum(amount_nanos) as amount from billing.transfers where usage_id = u.id and code = 'usage') t on true
  where u.organization_id = p_organization
  group by u.unit order by u.unit
$$;

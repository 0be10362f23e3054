-- The quota tree: one row for each node and dimension, with its limit (null: none of its own) and what is used below it.
-- Nodes are organizations, departments, projects, and principals within a project (`prj_…/usr_…`; `prj_…/*` for those
-- that have no limit of their own).
create table iam.quotas (
  id text collate "C" primary key,
  organization_id text collate "C" not null references iam.organizations,
  scope_level text not null check (scope_level in ('organization', 'department', 'project', 'principal')),
  scope_id text collate "C" not null,
  -- The project of a principal's node.
  project_id text collate "C",
  dimension text not null,
  limit_amount bigint check (limit_amount >= 0),
  committed bigint not null default 0 check (committed >= 0),
  held bigint not null default 0 check (held >= 0),
  changed_at timestamptz not null default now(),
  constraint quotas_node unique (scope_id, dimension)
) with (fillfactor = 50);
create index quotas_organization on iam.quotas (organization_id, id);
grant select, insert, update on iam.quotas to cp_app, cp_system;
call kernel.isolate_by_organization('iam.quotas');

create table iam.quota_holds (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  department_id text collate "C" not null,
  project_id text collate "C" not null,
  principal_id text collate "C" not null,
  dimension text not null,
  amount bigint not null check (amount >= 0),
  reference text not null,
  is_committed boolean not null default false,
  -- Null once committed.
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  constraint quota_holds_reference unique (organization_id, reference, dimension),
  check (is_committed = (expires_at is null))
);
create index quota_holds_expiry on iam.quota_holds (organization_id, dimension, expires_at) where not is_committed;
create index quota_holds_due on iam.quota_holds (expires_at) where not is_committed;
grant select, insert, update, delete on iam.quota_holds to cp_app, cp_system;
call kernel.isolate_by_organization('iam.quota_holds');

-- All changes of an organization's usage run one after the other, whatever dimensions they touch and in which order.
create function iam.lock_quotas(organization text) returns void language sql
  return pg_advisory_xact_lock(hashtextextended('iam.quota ' || organization, 0));

-- Adds to the counters of all four nodes of a place.
create function iam.count_quota(organization text, department text, project text, principal text, dim text, more_committed bigint, more_held bigint)
  returns void language sql
  begin atomic
    update iam.quotas set committed = committed + more_committed, held = held + more_held
      where dimension = dim and scope_id in (organization, department, project, project || '/' || principal);
  end;

-- Gives expired holds of an organization back (of one dimension, or of all). The caller has the lock.
create function iam.reclaim_quota(organization text, dim text) returns bigint language plpgsql as $$
-- A variable, because no index is searched for what a volatile function answers.
declare gone record; counted bigint := 0; at timestamptz := clock_timestamp();
begin
  for gone in
    delete from iam.quota_holds h
      where h.organization_id = organization and (dim is null or h.dimension = dim) and not h.is_committed and h.expires_at <= at
      returning h.*
  loop
    perform iam.count_quota(gone.organization_id, gone.department_id, gone.project_id, gone.principal_id, gone.dimension, 0, -gone.amount);
    counted := counted + 1;
  end loop;
  return counted;
end $$;

-- Holds amounts of several dimensions under every node above a principal, all of them or none, or says which node has too
-- little left. Each statement of the function sees what was committed before it began, and the lock is taken first: the
-- answer is exact. A dimension that is held under the reference already answers its first hold. `p_ids` has one new
-- identifier for each dimension and level, in that order.
create function iam.hold_quotas(
  p_project text, p_principal text, p_reference text, p_ttl_seconds double precision, p_dimensions text[], p_amounts bigint[],
  p_holds text[], p_ids text[],
  out outcome text, out hold_ids text[], out dimension text, out level text, out scope_id text, out limit_amount bigint,
  out committed bigint, out held bigint, out amount bigint
) language plpgsql as $$
declare
  place record; answer record; nodes text[]; touched bigint; is_over boolean; is_expired boolean; is_known boolean;
  at timestamptz;
begin
  select p.organization_id, p.department_id, p.state = 'active' and o.state = 'active' as is_active into place
    from iam.projects p join iam.organizations o on o.id = p.organization_id where p.id = p_project;
  if not found then outcome := 'unknown'; return; end if;
  perform pg_advisory_xact_lock(hashtextextended('iam.quota ' || place.organization_id, 0));
  at := clock_timestamp();
  select exists (select from iam.quota_holds h where h.organization_id = place.organization_id and h.dimension = any (p_dimensions)
      and not h.is_committed and h.expires_at <= at),
    exists (select from iam.quota_holds h where h.organization_id = place.organization_id and h.reference = p_reference
      and h.dimension = any (p_dimensions))
    into is_expired, is_known;
  if is_expired then
    perform iam.reclaim_quota(place.organization_id, d.id) from unnest(p_dimensions) d (id);
  end if;

  -- What nearly every hold is: nothing of it is held, its nodes are there, and it fits. Counted first and looked at then.
  if place.is_active and not is_known then
    nodes := array[place.organization_id, place.department_id, p_project, p_project || '/' || p_principal];
    with counted as (
      update iam.quotas q set held = q.held + w.amount from unnest(p_dimensions, p_amounts) w (dim, amount)
        where q.dimension = w.dim and q.scope_id = any (nodes)
        returning q.committed + q.held > case when q.limit_amount is null and q.scope_level = 'principal'
          then (select d.limit_amount from iam.quotas d where d.scope_id = p_project || '/*' and d.dimension = q.dimension)
          else q.limit_amount end as is_over
    )
    select count(*), coalesce(bool_or(c.is_over), false) into touched, is_over from counted c;
    if touched = 4 * cardinality(p_dimensions) and not is_over then
      insert into iam.quota_holds (id, organization_id, department_id, project_id, principal_id, dimension, amount, reference, expires_at)
        select w.hold, place.organization_id, place.department_id, p_project, p_principal, w.dim, w.amount, p_reference,
          at + make_interval(secs => p_ttl_seconds)
        from unnest(p_dimensions, p_amounts, p_holds) w (dim, amount, hold);
      outcome := 'held'; hold_ids := p_holds;
      return;
    end if;
    update iam.quotas q set held = q.held - w.amount from unnest(p_dimensions, p_amounts) w (dim, amount)
      where q.dimension = w.dim and q.scope_id = any (nodes);
  end if;

  with wanted as materialized (
    select w.*, h.id as known from unnest(p_dimensions, p_amounts, p_holds) with ordinality w (dim, amount, hold, place)
      left join iam.quota_holds h on h.organization_id = place.organization_id and h.reference = p_reference and h.dimension = w.dim
  ), node as materialized (
    select w.place, w.dim, w.amount, n.depth, n.level, n.id, u.id as quota_id,
      case when n.depth = 4 and u.limit_amount is null
        then (select d.limit_amount from iam.quotas d where d.scope_id = p_project || '/*' and d.dimension = w.dim)
        else u.limit_amount end as limit_amount,
      coalesce(u.committed, 0) as committed, coalesce(u.held, 0) as held
    from wanted w
      cross join (values (1, 'organization', place.organization_id), (2, 'department', place.department_id), (3, 'project', p_project),
        (4, 'principal', p_project || '/' || p_principal)) n (depth, level, id)
      left join iam.quotas u on u.scope_id = n.id and u.dimension = w.dim
    where w.known is null
  ), tight as materialized (
    select n.* from node n where n.committed + n.held + n.amount > n.limit_amount
      order by n.place, n.limit_amount - n.committed - n.held, n.depth desc limit 1
  ), counted as (
    update iam.quotas q set held = q.held + n.amount from node n
      where q.id = n.quota_id and place.is_active and not exists (select from tight)
  ), made as (
    insert into iam.quotas (id, organization_id, scope_level, scope_id, project_id, dimension, held)
      select p_ids[(n.place - 1) * 4 + n.depth], place.organization_id, n.level, n.id, case when n.depth > 2 then p_project end, n.dim, n.amount
      from node n where n.quota_id is null and place.is_active and not exists (select from tight)
  ), stored as (
    insert into iam.quota_holds (id, organization_id, department_id, project_id, principal_id, dimension, amount, reference, expires_at)
      select w.hold, place.organization_id, place.department_id, p_project, p_principal, w.dim, w.amount, p_reference,
        at + make_interval(secs => p_ttl_seconds)
      from wanted w where w.known is null and place.is_active and not exists (select from tight)
  )
  select w.ids, w.is_known, t.* into answer
    from (select array_agg(coalesce(known, hold) order by wanted.place) as ids, bool_and(known is not null) as is_known from wanted) w
    left join tight t on true;
  if not place.is_active and not answer.is_known then outcome := 'inactive'; return; end if;
  if answer.dim is not null then
    outcome := 'exceeded';
    dimension := answer.dim; level := answer.level; scope_id := answer.id; limit_amount := answer.limit_amount;
    committed := answer.committed; held := answer.held; amount := answer.amount;
    return;
  end if;
  outcome := 'held'; hold_ids := answer.ids;
end $$;

-- Makes a hold durable. 'missing' when it expired or never was.
create function iam.commit_quota(p_reference text, p_dimension text) returns text language plpgsql as $$
declare found_hold record;
begin
  select * into found_hold from iam.quota_holds h where h.reference = p_reference and h.dimension = p_dimension;
  if not found then return 'missing'; end if;
  perform iam.lock_quotas(found_hold.organization_id);
  select * into found_hold from iam.quota_holds h where h.reference = p_reference and h.dimension = p_dimension for update;
  if not found then return 'missing'; end if;
  if found_hold.is_committed then return 'committed'; end if;
  if found_hold.expires_at <= clock_timestamp() then return 'expired'; end if;
  update iam.quota_holds set is_committed = true, expires_at = null where id = found_hold.id;
  perform iam.count_quota(found_hold.organization_id, found_hold.department_id, found_hold.project_id, found_hold.principal_id, p_dimension, found_hold.amount, -found_hold.amount);
  return 'committed';
end $$;

-- Gives everything under a reference back; answers how many holds that were.
create function iam.release_quota(p_reference text) returns bigint language plpgsql as $$
declare gone record; counted bigint := 0; organization text;
begin
  for organization in select distinct h.organization_id from iam.quota_holds h where h.reference = p_reference order by 1 loop
    perform iam.lock_quotas(organization);
  end loop;
  for gone in delete from iam.quota_holds h where h.reference = p_reference returning h.* loop
    perform iam.count_quota(gone.organization_id, gone.department_id, gone.project_id, gone.principal_id, gone.dimension,
      case when gone.is_committed then -gone.amount else 0 end, case when gone.is_committed then 0 else -gone.amount end);
    counted := counted + 1;
  end loop;
  return counted;
end $$;
grant execute on function iam.lock_quotas, iam.count_quota, iam.reclaim_quota, iam.hold_quotas, iam.commit_quota, iam.release_quota to cp_app, cp_system;
create index quota_holds_by_reference on iam.quota_holds (reference);

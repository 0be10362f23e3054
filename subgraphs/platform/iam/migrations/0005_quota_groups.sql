-- One index for both: the holds of a reference, and the hold of a reference and dimension.
alter table iam.quota_holds drop constraint quota_holds_reference;
alter table iam.quota_holds add constraint quota_holds_reference unique (reference, dimension, organization_id);
drop index iam.quota_holds_by_reference;

-- Holds for many references at once, and answers those that are held. Where all that an organization is asked for is what
-- nearly every hold is (its nodes are there, nothing is held under the references, all of it fits), it is counted in one go;
-- of any other organization nothing is held, and each of its references has to be asked for by iam.hold_quotas, in turn.
-- The locks are taken in the order of their keys. `p_requests` says which reference an amount is for, from 1.
create function iam.hold_quotas_together(
  p_projects text[], p_principals text[], p_references text[], p_ttl_seconds double precision[],
  p_requests bigint[], p_dimensions text[], p_amounts bigint[], p_holds text[]
) returns text[] language plpgsql set plan_cache_mode = force_generic_plan as $$
declare at timestamptz; sound text[]; held_references text[];
begin
  perform pg_advisory_xact_lock(l.key) from (
    select distinct hashtextextended('iam.quota ' || p.organization_id, 0) as key
    from unnest(p_projects) w (id) join iam.projects p on p.id = w.id order by 1) l;
  at := clock_timestamp();
  with request as materialized (
    select r.n, r.project, r.principal, r.reference, r.ttl, p.organization_id, p.department_id,
      p.state = 'active' and o.state = 'active' as is_active
    from unnest(p_projects, p_principals, p_references, p_ttl_seconds) with ordinality r (project, principal, reference, ttl, n)
      join iam.projects p on p.id = r.project join iam.organizations o on o.id = p.organization_id
  ), wanted as materialized (
    select r.*, a.dim, a.amount, a.hold
    from unnest(p_requests, p_dimensions, p_amounts, p_holds) a (n, dim, amount, hold) join request r on r.n = a.n
  ), more as materialized (
    select n.id, w.dim, w.organization_id, max(w.project) as project, sum(w.amount)::bigint as amount
    from wanted w cross join lateral (values (w.organization_id), (w.department_id), (w.project), (w.project || '/' || w.principal)) n (id)
    group by n.id, w.dim, w.organization_id
  ), counted as (
    update iam.quotas q set held = q.held + m.amount from more m where q.scope_id = m.id and q.dimension = m.dim
      returning q.organization_id, q.committed + q.held > case when q.limit_amount is null and q.scope_level = 'principal'
        then (select d.limit_amount from iam.quotas d where d.scope_id = m.project || '/*' and d.dimension = q.dimension)
        else q.limit_amount end as is_over
  ), usual as materialized (
    select c.organization_id from counted c group by c.organization_id
      having bool_or(c.is_over) is not true
        and count(*) = (select count(*) from more m where m.organization_id = c.organization_id)
        and not exists (select from request r where r.organization_id = c.organization_id and not r.is_active)
  ), stored as (
    insert into iam.quota_holds (id, organization_id, department_id, project_id, principal_id, dimension, amount, reference, expires_at)
      select w.hold, w.organization_id, w.department_id, w.project, w.principal, w.dim, w.amount, w.reference, at + make_interval(secs => w.ttl)
      from wanted w where w.organization_id in (select u.organization_id from usual u)
      on conflict on constraint quota_holds_reference do nothing returning organization_id
  ), whole as materialized (
    select s.organization_id from stored s group by s.organization_id
      having count(*) = (select count(*) from wanted w where w.organization_id = s.organization_id)
  )
  select (select array_agg(w.organization_id) from whole w),
    (select array_agg(r.reference) from request r where r.organization_id in (select w.organization_id from whole w))
    into sound, held_references;
  sound := coalesce(sound, '{}');
  held_references := coalesce(held_references, '{}');
  if cardinality(held_references) = cardinality(p_references) then return held_references; end if;

  delete from iam.quota_holds h where h.id = any (p_holds) and h.organization_id <> all (sound);
  with more as (
    select n.id, a.dim, sum(a.amount)::bigint as amount
    from unnest(p_projects, p_principals) with ordinality r (project, principal, n)
      join iam.projects p on p.id = r.project and p.organization_id <> all (sound)
      join unnest(p_requests, p_dimensions, p_amounts) a (n, dim, amount) on a.n = r.n
      cross join lateral (values (p.organization_id), (p.department_id), (r.project), (r.project || '/' || r.principal)) n (id)
    group by n.id, a.dim
  )
  update iam.quotas q set held = q.held - m.amount from more m where q.scope_id = m.id and q.dimension = m.dim;
  return held_references;
end $$;
grant execute on function iam.hold_quotas_together to cp_app, cp_system;

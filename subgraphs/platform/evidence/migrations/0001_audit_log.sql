-- The audit log: append-only, gap-free from index 0, one RFC 6962 leaf per record. See README for the leaf format.
create table evidence.audit_records (
  log_index bigint primary key check (log_index >= 0),
  id text collate "C" not null unique,
  organization_id text,
  project_id text,
  scope_level text not null,
  scope_id text not null,
  action text collate "C" not null,
  result text not null check (result in ('success', 'failure', 'denied')),
  actor_kind text not null,
  actor_id text not null,
  target_type text,
  target_id text,
  correlation_id text not null,
  reason_code text,
  occurred_at timestamptz not null,
  -- HMAC-SHA-256(salt, body): survives the erasure of both.
  commitment bytea not null check (octet_length(commitment) = 32),
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32)
);
create index audit_records_organization on evidence.audit_records (organization_id, log_index);
create index audit_records_project on evidence.audit_records (project_id, log_index) where project_id is not null;
create index audit_records_actor on evidence.audit_records (actor_id, log_index);
create index audit_records_target on evidence.audit_records (target_id, log_index) where target_id is not null;
create index audit_records_correlation on evidence.audit_records (correlation_id);
create index audit_records_time on evidence.audit_records using brin (occurred_at);

-- What can be erased: the salt and the canonical JSON (RFC 8785) of the record, with whatever is personal in it.
create table evidence.audit_bodies (
  log_index bigint primary key references evidence.audit_records (log_index),
  organization_id text,
  salt bytea not null check (octet_length(salt) = 32),
  body text not null
);

-- Each erasure leaves its own trace, so that an erased body can be told from a lost one.
create table evidence.audit_erasures (
  log_index bigint primary key references evidence.audit_records (log_index),
  organization_id text,
  reason text not null,
  erased_by text not null,
  correlation_id text not null,
  erased_at timestamptz not null default now()
);

-- The Merkle tree hash (RFC 6962, section 2.1) over all leaves up to the end of each batch.
create table evidence.audit_batches (
  first_index bigint primary key,
  last_index bigint not null unique,
  tree_size bigint not null unique check (tree_size = last_index + 1 and first_index <= last_index),
  root bytea not null check (octet_length(root) = 32),
  sequenced_at timestamptz not null default now()
);

-- The one row that changes: the tree's compact range, from which the next root is computed.
create table evidence.audit_head (
  is_only boolean primary key default true check (is_only),
  tree_size bigint not null,
  root bytea not null,
  compact_range bytea[] not null,
  sequenced_at timestamptz not null default now()
);
-- The root of the empty tree is the hash of nothing.
insert into evidence.audit_head (tree_size, root, compact_range) values (0, sha256(''), '{}');
insert into kernel.log_heads (log) values ('audit');

create function evidence.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on evidence.audit_records for each row execute function evidence.refuse_change();
create trigger append_only before update or delete on evidence.audit_batches for each row execute function evidence.refuse_change();
create trigger append_only before update or delete on evidence.audit_erasures for each row execute function evidence.refuse_change();
create trigger never_emptied before truncate on evidence.audit_records for each statement execute function evidence.refuse_change();
create trigger never_emptied before truncate on evidence.audit_batches for each statement execute function evidence.refuse_change();
create trigger never_emptied before truncate on evidence.audit_bodies for each statement execute function evidence.refuse_change();
create trigger never_emptied before truncate on evidence.audit_erasures for each statement execute function evidence.refuse_change();

-- A body may go, and only go, once its erasure is recorded.
create function evidence.guard_body() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and exists (select from evidence.audit_erasures e where e.log_index = old.log_index) then
    return old;
  end if;
  raise exception 'audit_bodies is append-only; erase through evidence.erase_audit_record' using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on evidence.audit_bodies for each row execute function evidence.guard_body();

-- The only way to erase: nobody is granted delete. True when there was a body.
create function evidence.erase_audit_record(at_index bigint, why text, who text, correlation text) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into evidence.audit_erasures (log_index, organization_id, reason, erased_by, correlation_id)
    select log_index, organization_id, why, who, correlation from evidence.audit_records where log_index = at_index
    on conflict do nothing;
  if not found then return false; end if;
  delete from evidence.audit_bodies where log_index = at_index;
  return found;
end $$;
revoke execute on function evidence.erase_audit_record from public;
grant execute on function evidence.erase_audit_record to cp_system;

call kernel.isolate_by_organization('evidence.audit_records');
call kernel.isolate_by_organization('evidence.audit_bodies');
call kernel.isolate_by_organization('evidence.audit_erasures');
grant select on evidence.audit_records, evidence.audit_bodies, evidence.audit_erasures to cp_app;
grant select, insert on evidence.audit_records, evidence.audit_bodies, evidence.audit_batches to cp_system;
grant select on evidence.audit_erasures to cp_system;
grant select, update on evidence.audit_head to cp_system;

-- The log in the form of the event log, so that it can be followed and streamed as that is.
create view evidence.audit_events with (security_invoker = true) as
select log_index + 1 as position,
  'evidence.audit_record.appended'::text as type,
  organization_id, project_id, 'AuditRecord'::text as subject_type, id as subject_id,
  jsonb_build_object(
    'specversion', '1.0', 'id', id, 'source', '/evidence', 'type', 'evidence.audit_record.appended', 'subject', id,
    'time', to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'datacontenttype', 'application/json',
    'subjecttype', 'AuditRecord', 'organizationid', organization_id, 'projectid', project_id,
    'correlationid', correlation_id, 'actorid', actor_id,
    'data', jsonb_build_object('logIndex', log_index::text, 'action', action, 'result', result,
      'targetType', target_type, 'targetId', target_id, 'reasonCode', reason_code)) as body
from evidence.audit_records;
grant select on evidence.audit_events to cp_system;

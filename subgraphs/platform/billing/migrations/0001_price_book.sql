-- Refuses every change of a row: for tables that are history. Grants say the same; this also stops their owner.
create function billing.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only: a correction is a new row that names the old one', tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end $$;

create procedure billing.make_append_only(target regclass) language plpgsql as $$
begin
  execute format('create trigger append_only before update or delete on %s for each row execute function billing.refuse_change()', target);
  execute format('create trigger never_truncated before truncate on %s for each statement execute function billing.refuse_change()', target);
end $$;

-- List prices have no organization and may be seen by all; negotiated ones only by their organization.
create procedure billing.isolate_prices(target regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy organization on %s to cp_app
    using (organization_id is null or organization_id = any ((select kernel.visible_organizations())::text[]))', target);
  execute format('create policy system on %s to cp_system using (true) with check (true)', target);
  execute format('create policy owner on %s to cp_owner using (true) with check (true)', target);
end $$;

-- A price never changes: another one takes over from a moment on.
create table billing.prices (
  id text collate "C" primary key,
  organization_id text,
  price_key text not null,
  unit text not null,
  unit_price_nanos bigint not null check (unit_price_nanos >= 0),
  currency text not null,
  valid_from timestamptz not null,
  set_by text not null,
  correlation_id text not null,
  created_at timestamptz not null,
  constraint prices_moment unique nulls not distinct (price_key, unit, organization_id, valid_from)
);
create index prices_organization on billing.prices (organization_id, id);

-- What a resource is launched under, made with its price: reading the price in force is reading its snapshot.
create table billing.price_snapshots (
  id text collate "C" primary key,
  price_id text collate "C" not null unique references billing.prices (id),
  organization_id text,
  price_key text not null,
  unit text not null,
  unit_price_nanos bigint not null,
  currency text not null,
  valid_from timestamptz not null,
  hash text not null unique,
  created_at timestamptz not null
);

call billing.isolate_prices('billing.prices');
call billing.isolate_prices('billing.price_snapshots');
call billing.make_append_only('billing.prices');
call billing.make_append_only('billing.price_snapshots');
grant select on billing.prices, billing.price_snapshots to cp_app;
grant select, insert on billing.prices, billing.price_snapshots to cp_system;

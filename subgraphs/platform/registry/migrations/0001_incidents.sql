create table registry.incidents (
  id text collate "C" primary key,
  title text not null,
  summary text not null,
  severity text not null,
  component_ids text[] not null,
  state text not null,
  state_reason text,
  state_changed_at timestamptz not null,
  opened_by text not null,
  correlation_id text not null,
  created_at timestamptz not null,
  version integer not null default 1
);
create index incidents_state on registry.incidents (state, id);
grant select on registry.incidents to cp_app;
grant select, insert, update on registry.incidents to cp_system;

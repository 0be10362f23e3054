-- Locks nodes that nobody else is placing on, fullest first, until they have the slots that are asked for, and answers
-- free slots of them: as many as asked for of each kind, or fewer. Waits for nobody and changes nothing: whoever has the
-- node's lock decides about its slots. One slot is in one NUMA domain whichever it is, so the fullest node is the best, and
-- of its domains the one with the fewest free slots.
create function allocations.lock_free_slots(p_skus text[], p_regions text[], p_images text[], p_counts integer[])
  returns table (kind integer, node_id text, epoch bigint, id text, slot_index integer, gpu_pci_address text,
    fabric_vf_pci_address text, numa_node integer)
  language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  missing bigint; found_slots bigint; node record;
  nodes cursor (p_sku text, p_region text, p_image text) for
    select n.id, n.epoch from allocations.nodes n
    where n.sku_id = p_sku and n.region_id = p_region and n.free_units >= 1 and p_image = any (n.images)
      and n.state = 'active' and n.scheduling = 'ELIGIBLE' and n.connectivity = 'CONNECTED' and n.health <> 'UNHEALTHY'
    order by n.free_units, n.id for no key update skip locked;
begin
  for wanted in 1 .. cardinality(p_skus) loop
    missing := p_counts[wanted];
    open nodes (p_skus[wanted], p_regions[wanted], p_images[wanted]);
    while missing > 0 loop
      fetch nodes into node;
      exit when not found;
      return query
        select wanted, node.id, node.epoch, s.id, s.slot_index, s.gpu_pci_address, s.fabric_vf_pci_address, s.numa_node
        from allocations.slots s where s.node_id = node.id and s.status = 'available'
        order by count(*) over (partition by s.numa_node), s.numa_node, s.slot_index limit missing;
      get diagnostics found_slots = row_count;
      missing := missing - found_slots;
    end loop;
    close nodes;
  end loop;
end $$;

-- Takes slots whose nodes the transaction has locked; `p_nodes` names the node of each.
create function allocations.take_slots(p_slots text[], p_nodes text[], p_now timestamptz) returns void
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare touched bigint; taken record;
begin
  update allocations.slots s set status = 'reserved', status_reason = null, status_changed_at = p_now, generation = s.generation + 1
    where s.id = any (p_slots) and s.status = 'available';
  get diagnostics touched = row_count;
  if touched <> cardinality(p_slots) then
    raise exception 'a slot was taken without the lock of its node' using errcode = 'serialization_failure';
  end if;
  -- One by one: they are few, and each is a look-up by its key.
  for taken in select w.id, count(*)::integer as units from unnest(p_nodes) w (id) group by w.id order by w.id loop
    update allocations.nodes n set free_units = n.free_units - taken.units where n.id = taken.id;
  end loop;
end $$;
-- Writes launches as JSON objects say: the allocation, and for one that has a node its claims and the order for the node.
-- `p_sku_snapshots` has the terms of the SKUs named, which most launches of a group share.
create function allocations.insert_launches(p_launches json, p_sku_names text[], p_sku_snapshots jsonb[]) returns void
  language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  with launch as materialized (
    select * from json_to_recordset(p_launches) l (
      id text, organization_id text, department_id text, project_id text, requested_by text, sku_id text, sku_name text,
      capacity_shape text, region_id text, gpu_count integer, image text, ssh_key_ids text[], ssh_public_keys text[],
      price_snapshot_id text, price_snapshot jsonb, policy_snapshot jsonb, correlation_id text, at timestamptz,
      deadline_at timestamptz, state text, node_id text, units integer, fence bigint, next_placement_at timestamptz,
      why_pending jsonb, claim_kind text, node_epoch bigint, slot_ids text[], task_id text, task_type text, task_signed text)
  ), allocation as (
    insert into allocations.allocations
      (id, organization_id, department_id, project_id, requested_by, sku_id, sku_name, sku_snapshot, capacity_shape, region_id,
       gpu_count, image, ssh_key_ids, ssh_public_keys, price_snapshot_id, price_snapshot, policy_snapshot, correlation_id,
       created_at, state_changed_at, state_deadline_at, state, node_id, units, fence, next_placement_at, why_pending)
    select l.id, l.organization_id, l.department_id, l.project_id, l.requested_by, l.sku_id, l.sku_name,
      p_sku_snapshots[array_position(p_sku_names, l.sku_name)], l.capacity_shape, l.region_id, l.gpu_count, l.image, l.ssh_key_ids,
      l.ssh_public_keys, l.price_snapshot_id, l.price_snapshot, l.policy_snapshot, l.correlation_id, l.at, l.at, l.deadline_at,
      l.state, l.node_id, l.units, l.fence, l.next_placement_at, l.why_pending
    from launch l
  ), claim as (
    insert into allocations.resource_claims
      (allocation_id, organization_id, claim_kind, node_id, node_epoch, slot_id, units, claimed_at)
    select l.id, l.organization_id, l.claim_kind, l.node_id, l.node_epoch, slot.id,
      case when l.claim_kind = 'slot' then 1 else l.units end, l.at
    from launch l cross join lateral unnest(l.slot_ids) slot (id) where l.node_id is not null
  )
  insert into allocations.node_tasks
    (id, node_id, allocation_id, organization_id, type, epoch, fence, signed, status, created_at, expires_at)
  select l.task_id, l.node_id, l.id, l.organization_id, l.task_type, l.node_epoch, l.fence, l.task_signed, 'queued', l.at, l.deadline_at
  from launch l where l.task_id is not null;
end $$;
grant execute on function allocations.insert_launches to cp_app, cp_system;
grant execute on function allocations.lock_free_slots, allocations.take_slots to cp_app, cp_system;

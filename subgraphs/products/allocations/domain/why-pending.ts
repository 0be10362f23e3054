import type { Connectivity, Health, NodeState, Scheduling } from './node-lifecycle.js';

export type PendingReason =
  | 'CAPACITY'
  | 'NO_REGIONAL_CAPACITY'
  | 'NO_SINGLE_NODE_FITS'
  | 'READINESS'
  | 'NODE_STATE'
  | 'SCHEDULING'
  | 'HEALTH'
  | 'CONNECTIVITY'
  | 'FABRIC'
  | 'CLEANUP'
  | 'IMAGE'
  | 'POLICY'
  | 'QUOTA'
  | 'BALANCE';

/** Why a request cannot be placed: a tree, so that a portal can show the sentence and an operator the cause. */
export interface WhyPending {
  readonly reason: PendingReason;
  readonly message: string;
  /** How many nodes it concerns, when it concerns nodes. */
  readonly nodes: number | null;
  /** How many units of capacity (GPUs or VM seats) it concerns. */
  readonly units: number | null;
  readonly causes: readonly WhyPending[];
}

/** A node of the wanted SKU and region, schedulable or not. */
export interface NodeFacts {
  readonly state: NodeState;
  readonly scheduling: Scheduling;
  readonly health: Health;
  readonly connectivity: Connectivity;
  readonly totalUnits: number;
  readonly freeUnits: number;
  /** Slots that wait for approval or a fabric function of their own. */
  readonly unreadySlots: number;
  readonly blockedSlots: number;
  readonly hasImage: boolean;
}

function leaf(reason: PendingReason, message: string, facts: readonly NodeFacts[], units?: number): WhyPending {
  return { reason, message, nodes: facts.length, units: units ?? sum(facts, 'freeUnits'), causes: [] };
}

function sum(facts: readonly NodeFacts[], key: 'freeUnits' | 'unreadySlots' | 'blockedSlots'): number {
  return facts.reduce((total, node) => total + node[key], 0);
}

function readiness(facts: readonly NodeFacts[]): WhyPending[] {
  const causes: WhyPending[] = [];
  const add = (reason: PendingReason, message: string, nodes: readonly NodeFacts[], units?: number): void => {
    if (nodes.length > 0) causes.push(leaf(reason, message, nodes, units));
  };
  const inactive = facts.filter((node) => node.state !== 'active');
  const active = facts.filter((node) => node.state === 'active');
  add('NODE_STATE', 'Nodes are not in service.', inactive);
  add(
    'SCHEDULING',
    'Nodes are cordoned or being drained.',
    active.filter((node) => node.scheduling !== 'ELIGIBLE'),
  );
  add(
    'CONNECTIVITY',
    'Nodes are not connected.',
    active.filter((node) => node.connectivity !== 'CONNECTED'),
  );
  add(
    'HEALTH',
    'Nodes are not healthy.',
    active.filter((node) => node.health === 'UNHEALTHY'),
  );
  add(
    'IMAGE',
    'The image is not available on nodes.',
    active.filter((node) => !node.hasImage),
  );
  const unready = facts.filter((node) => node.unreadySlots > 0);
  add('FABRIC', 'Slots lack approval or a fabric function of their own.', unready, sum(unready, 'unreadySlots'));
  const blocked = facts.filter((node) => node.blockedSlots > 0);
  add('CLEANUP', 'Slots wait for proof that they were cleaned.', blocked, sum(blocked, 'blockedSlots'));
  return causes;
}

export function isSchedulable(node: NodeFacts): boolean {
  return (
    node.state === 'active' &&
    node.scheduling === 'ELIGIBLE' &&
    node.connectivity === 'CONNECTED' &&
    node.health !== 'UNHEALTHY' &&
    node.hasImage
  );
}

/**
 * Tells apart (spec section 11): no capacity in the region, capacity but no single node that fits, and capacity that
 * readiness blocks. `units` null means a whole node.
 */
export function explainCapacity(units: number | null, facts: readonly NodeFacts[]): WhyPending {
  const ready = facts.filter(isSchedulable);
  const free = sum(ready, 'freeUnits');
  const wanted = units ?? Math.min(...facts.map((node) => node.totalUnits), Number.MAX_SAFE_INTEGER);
  const blocked = readiness(facts);
  const causes: WhyPending[] = [];
  if (free >= wanted && facts.length > 0) {
    const what = units === null ? 'whole, empty node' : `node with ${units} free units`;
    causes.push(leaf('NO_SINGLE_NODE_FITS', `There is free capacity, but no ${what}.`, ready, free));
  } else {
    const message =
      facts.length === 0 ? 'The region has no capacity of this kind.' : 'The region has too little free capacity now.';
    causes.push(leaf('NO_REGIONAL_CAPACITY', message, ready, free));
  }
  const isReadinessTheCause = facts.some((node) => !fits(units, node, ready) && couldFit(units, node));
  if (blocked.length > 0 && isReadinessTheCause) {
    causes.unshift({
      reason: 'READINESS',
      message: 'Capacity exists that cannot be used now.',
      nodes: null,
      units: null,
      causes: blocked,
    });
  }
  return { reason: 'CAPACITY', message: causes[0]?.message ?? '', nodes: facts.length, units: free, causes };
}

function fits(units: number | null, node: NodeFacts, ready: readonly NodeFacts[]): boolean {
  return ready.includes(node) && (units === null ? node.freeUnits === node.totalUnits : node.freeUnits >= units);
}

/** Would fit if what blocks it were resolved. */
function couldFit(units: number | null, node: NodeFacts): boolean {
  const could = node.freeUnits + node.unreadySlots + node.blockedSlots;
  return units === null ? node.freeUnits + node.blockedSlots >= node.totalUnits && node.totalUnits > 0 : could >= units;
}

import { describe, expect, it } from 'vitest';
import { type NodeFacts, explainCapacity } from './why-pending.js';

const node = (overrides: Partial<NodeFacts> = {}): NodeFacts => ({
  state: 'active',
  scheduling: 'ELIGIBLE',
  health: 'HEALTHY',
  connectivity: 'CONNECTED',
  totalUnits: 8,
  freeUnits: 0,
  unreadySlots: 0,
  blockedSlots: 0,
  hasImage: true,
  ...overrides,
});

describe('why something cannot be placed', () => {
  it('says that the region has no capacity of the kind', () => {
    expect(explainCapacity(2, [])).toMatchObject({
      reason: 'CAPACITY',
      causes: [{ reason: 'NO_REGIONAL_CAPACITY', nodes: 0 }],
    });
  });

  it('says that too little is free in all', () => {
    expect(explainCapacity(2, [node(), node({ freeUnits: 1 })])).toMatchObject({
      causes: [{ reason: 'NO_REGIONAL_CAPACITY', units: 1 }],
    });
  });

  it('says that enough is free, but not on one node', () => {
    const facts = [node({ freeUnits: 3 }), node({ freeUnits: 3 })];
    expect(explainCapacity(4, facts)).toMatchObject({
      causes: [{ reason: 'NO_SINGLE_NODE_FITS', nodes: 2, units: 6 }],
    });
    expect(
      explainCapacity(
        null,
        facts.map((each) => ({ ...each, freeUnits: 7 })),
      ),
    ).toMatchObject({ causes: [{ reason: 'NO_SINGLE_NODE_FITS' }] });
  });

  it.each([
    ['NODE_STATE', { state: 'offline', freeUnits: 8 }],
    ['SCHEDULING', { scheduling: 'CORDONED', freeUnits: 8 }],
    ['CONNECTIVITY', { connectivity: 'LOST', freeUnits: 8 }],
    ['HEALTH', { health: 'UNHEALTHY', freeUnits: 8 }],
    ['IMAGE', { hasImage: false, freeUnits: 8 }],
    ['FABRIC', { unreadySlots: 8, totalUnits: 0 }],
    ['CLEANUP', { blockedSlots: 8 }],
  ] as [string, Partial<NodeFacts>][])('says that capacity exists which cannot be used: %s', (reason, overrides) => {
    const why = explainCapacity(2, [node(overrides)]);
    expect(why.causes[0]).toMatchObject({ reason: 'READINESS', causes: [{ reason, nodes: 1 }] });
    expect(why.causes[1]).toMatchObject({ reason: 'NO_REGIONAL_CAPACITY' });
  });
});

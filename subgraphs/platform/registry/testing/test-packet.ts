/** A complete packet of a made-up product, to be changed by tests. */
export function testPacket(productId: string, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const namespace = productId.replaceAll('-', '_');
  const none = { notApplicable: { owner: 'tests', reason: 'not needed', reviewDate: '2027-01-01' } };
  return {
    packetId: `${productId}-packet`,
    productId,
    productSlug: productId,
    title: 'A product',
    version: 1,
    lifecycle: 'active',
    owners: { product: 'a', engineering: 'b', operations: 'c', security: 'd' },
    personas: ['user'],
    exposure: { posture: 'internal', docsTrack: 'none' },
    ownership: { packages: ['x'], routes: [], schemas: [], frontend: [] },
    registries: {
      permissions: [{ id: `${namespace}.thing.make`, description: 'Make a thing.', roles: ['project_member'] }],
      usageUnits: [{ id: `${productId}-hour`, base: 'second', basePerUnit: 3600, description: 'An hour of it.' }],
      eventTypes: [{ id: `${namespace}.thing.made`, subjectType: 'Thing', description: 'A thing was made.' }],
      quotaDimensions: [{ id: `${productId}-things`, unit: 'things', description: 'How many.' }],
      policyKeys: [
        {
          key: `${namespace}.days_max`,
          type: 'integer',
          description: 'How long.',
          defaultValue: 7,
          minimum: 1,
          maximum: 30,
        },
      ],
      statusComponents: [{ id: `${productId}-service`, title: 'It', family: 'control_plane', freshnessSeconds: 1 }],
      nodeTypes: none,
    },
    portalPages: none,
    uat: none,
    releaseEvidence: none,
    extraction: 'none',
    ...overrides,
  };
}

/** The packet with one of its registries replaced. */
export function withRegistry(packet: Record<string, unknown>, name: string, section: unknown): Record<string, unknown> {
  return { ...packet, registries: { ...(packet['registries'] as object), [name]: section } };
}

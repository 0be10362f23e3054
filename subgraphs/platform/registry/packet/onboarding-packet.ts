import { z } from 'zod';

const text = z.string().trim().min(1, 'must not be empty');
const identifier = z.string().regex(/^[a-z][a-z0-9_.-]*$/, 'must be a lower-case identifier');

/** Says that a section does not apply, who decided so, why, and when it is looked at again (spec section 6). */
const notApplicable = z.strictObject({
  notApplicable: z.strictObject({ owner: text, reason: text, reviewDate: z.iso.date() }),
});

function section<Shape extends z.ZodType>(shape: Shape): z.ZodUnion<readonly [Shape, typeof notApplicable]> {
  return z.union([shape, notApplicable]);
}

export const permissionEntry = z.strictObject({
  id: z.string().regex(/^[a-z][a-z_]*\.[a-z][a-z_]*\.[a-z][a-z_]*$/, 'must be <domain>.<resource>.<verb>'),
  description: text,
  /** Built-in roles that have it. Higher roles of the same level have it too; `platform_admin` has everything. */
  roles: z.array(
    z.enum([
      'platform_admin',
      'platform_operator',
      'platform_viewer',
      'organization_owner',
      'organization_admin',
      'billing_admin',
      'organization_viewer',
      'project_admin',
      'project_member',
      'project_viewer',
      'app_worker',
    ]),
  ),
  needsStepUp: z.boolean().default(false),
});

export const usageUnitEntry = z.strictObject({
  id: identifier,
  base: identifier,
  basePerUnit: z.int().positive(),
  description: text,
});
export const eventTypeEntry = z.strictObject({
  id: z.string().regex(/^[a-z][a-z_]*\.[a-z][a-z_]*\.[a-z][a-z_]*$/),
  subjectType: text,
  description: text,
});
export const quotaDimensionEntry = z.strictObject({ id: identifier, unit: text, description: text });
export const policyKeyEntry = z.strictObject({
  key: identifier,
  type: z.enum(['integer', 'boolean', 'string', 'string_list']),
  description: text,
  defaultValue: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  allowedValues: z.array(z.string()).optional(),
});
export const statusComponentEntry = z.strictObject({
  id: identifier,
  title: text,
  family: z.enum(['control_plane', 'workers', 'fleet', 'data', 'edge', 'evidence']),
  freshnessSeconds: z.int().positive().max(86_400),
});
export const nodeTypeEntry = z.strictObject({
  prefix: z.string().regex(/^[a-z]{3,4}$/),
  type: z.string().regex(/^[A-Z][A-Za-z]*$/),
});

/** A product's declaration of itself: data only. A missing field rejects the whole packet. */
export const onboardingPacket = z.strictObject({
  packetId: identifier,
  productId: identifier,
  productSlug: identifier,
  title: text,
  version: z.int().positive(),
  lifecycle: z.enum(['draft', 'onboarding', 'active', 'deprecated', 'retired']),
  owners: z.strictObject({ product: text, engineering: text, operations: text, security: text }),
  personas: z.array(text).min(1),
  exposure: z.strictObject({
    posture: z.enum(['internal', 'partner', 'external']),
    docsTrack: z.enum(['none', 'internal', 'partner', 'public']),
  }),
  ownership: z.strictObject({
    packages: z.array(text).min(1),
    routes: z.array(z.strictObject({ path: text, audience: z.enum(['public', 'admin', 'internal', 'read_model']) })),
    schemas: z.array(text),
    frontend: z.array(text),
  }),
  registries: z.strictObject({
    permissions: section(z.array(permissionEntry).min(1)),
    usageUnits: section(z.array(usageUnitEntry).min(1)),
    eventTypes: section(z.array(eventTypeEntry).min(1)),
    quotaDimensions: section(z.array(quotaDimensionEntry).min(1)),
    policyKeys: section(z.array(policyKeyEntry).min(1)),
    statusComponents: section(z.array(statusComponentEntry).min(1)),
    nodeTypes: section(z.array(nodeTypeEntry).min(1)),
  }),
  portalPages: section(z.array(text).min(1)),
  uat: section(z.array(z.strictObject({ flow: text, status: text })).min(1)),
  releaseEvidence: section(z.array(text).min(1)),
  extraction: text,
});

export type OnboardingPacket = z.output<typeof onboardingPacket>;

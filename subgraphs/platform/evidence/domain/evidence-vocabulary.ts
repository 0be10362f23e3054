/** The words of spec section 4. */
export const BUNDLE_KINDS = ['release', 'uat', 'security', 'change', 'drill', 'incident'] as const;
export const ITEM_TYPES = ['ci', 'uat', 'security', 'guard', 'smoke', 'artifact', 'operator'] as const;
export const ITEM_RESULTS = ['pass', 'fail', 'partial', 'skipped', 'blocked'] as const;
/** How long an item is kept at least. */
export const RETENTION_CLASSES = ['days_90', 'year_1', 'years_7', 'permanent'] as const;

export type BundleKind = (typeof BUNDLE_KINDS)[number];
export type ItemType = (typeof ITEM_TYPES)[number];
export type ItemResult = (typeof ITEM_RESULTS)[number];
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/** Results that prove nothing: they need an owner, a reason and an expiry, or the gap would be forgotten. */
export function isOpenGap(result: ItemResult): boolean {
  return result === 'skipped' || result === 'blocked';
}

/** Verbs that see, or that end what costs: all that the members of a suspended organization may still do. */
const SURVIVING_VERBS: ReadonlySet<string> = new Set([
  'read',
  'list',
  'release',
  'revoke',
  'cancel',
  'stop',
  'delete',
  'remove',
  'disable',
  'destroy',
  'close',
  'top_up',
  'pay',
]);

export function survivesSuspension(permission: string): boolean {
  return SURVIVING_VERBS.has(permission.slice(permission.lastIndexOf('.') + 1));
}

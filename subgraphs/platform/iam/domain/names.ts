import { z } from 'zod';

/** A name that people read. */
export const displayName = z
  .string()
  .trim()
  .min(2, 'must have at least 2 characters')
  .max(120, 'must have at most 120 characters');

/** A name for addresses: lower-case letters, digits and hyphens. */
export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/, 'must be 1 to 48 lower-case letters, digits or inner hyphens');

export const reason = z.string().trim().min(1, 'must say why').max(1000, 'must have at most 1000 characters');

/** A slug from a name: what is neither letter nor digit becomes a hyphen. Never empty. */
export function slugOf(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase();
  const slugged = ascii
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replaceAll(/^-+|-+$/g, '');
  return slugged === '' ? 'unnamed' : slugged;
}

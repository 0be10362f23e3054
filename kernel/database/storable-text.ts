/** Where a value holds text that PostgreSQL cannot store, as a path into it; null when all of it can be stored. */
export function findUnstorableText(value: unknown): string[] | null {
  if (typeof value === 'string') return isStorableText(value) ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    if (!isStorableText(name)) return [];
    const path = findUnstorableText(item);
    if (path !== null) return [name, ...path];
  }
  return null;
}

/** PostgreSQL has no U+0000 in text (datatype-character), and a lone surrogate is no character and has no UTF-8. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

export const UNSTORABLE_TEXT = 'text must not hold U+0000 or half of a surrogate pair';

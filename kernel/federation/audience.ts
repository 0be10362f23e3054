/** Whom a part of the graph is for, in order: each audience also sees what is for those before it. */
export const AUDIENCES = ['public', 'operator', 'internal'] as const;
export type Audience = (typeof AUDIENCES)[number];

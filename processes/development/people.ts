import type { DevelopmentUser } from './identity-provider/index.js';

/** Who can sign in during development. What each may do, the demonstration grants. */
export const OPERATOR = {
  subject: 'olivia',
  email: 'olivia@example.com',
  name: 'Olivia Operator',
  hasSecondFactor: true,
} satisfies DevelopmentUser;
export const OWNER = {
  subject: 'oscar',
  email: 'oscar@example.com',
  name: 'Oscar Owner',
  hasSecondFactor: true,
} satisfies DevelopmentUser;
export const MEMBER = { subject: 'mira', email: 'mira@example.com', name: 'Mira Member' } satisfies DevelopmentUser;
export const STRANGER = { subject: 'sam', email: 'sam@example.com', name: 'Sam Stranger' } satisfies DevelopmentUser;

export const PEOPLE: readonly DevelopmentUser[] = [OPERATOR, OWNER, MEMBER, STRANGER];

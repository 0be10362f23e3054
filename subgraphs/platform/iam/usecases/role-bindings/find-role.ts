import type { Scope } from '../../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { builtInRole } from '../../domain/access/built-in-roles.js';

export interface FoundRole {
  readonly id: string;
  readonly name: string;
}

/** A role by the name of a built-in one, or by identifier; refused where it cannot be bound. */
export async function findRole(tx: Transaction, nameOrId: string, scope: Scope): Promise<Outcome<FoundRole>> {
  const field = ['input', 'role'];
  const builtIn = builtInRole(nameOrId);
  if (builtIn !== null) {
    if (builtIn.levels.includes(scope.level)) return accept({ id: builtIn.id, name: builtIn.name });
    return refuse(
      'INVALID_INPUT',
      `The role ${builtIn.name} is bound at: ${builtIn.levels.join(', ')}; not at a ${scope.level}.`,
      {
        field,
        details: { levels: builtIn.levels },
      },
    );
  }
  const row = await tx.row<{ id: string; name: string }>(
    'select id, name from iam.roles where id = $1 and organization_id = $2',
    [nameOrId, scope.organizationId],
  );
  return row === null ? refuse('NOT_FOUND', `There is no role "${nameOrId}" here.`, { field }) : accept(row);
}

import type { Database } from '../../../../../kernel/database/database.js';
import {
  type RotationTimes,
  type SigningKeyFacts,
  nextRotationStep,
} from '../../domain/credentials/signing-key-rotation.js';

/** Whether a step of the rotation is due: asked before the command, so that a run that finds nothing leaves no record. */
export async function isRotationDue(database: Database, times: RotationTimes): Promise<boolean> {
  const keys = await database.read('system', (tx) =>
    tx.rows<SigningKeyFacts & Record<string, unknown>>(
      `select id, state, state_changed_at as "stateChangedAt" from iam.signing_keys where state <> 'retired' order by id`,
    ),
  );
  return nextRotationStep(keys, new Date(), times) !== null;
}

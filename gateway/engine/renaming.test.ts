import { parse, type DocumentNode, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { ARCHIVE } from '../testing/archive-graph.js';
import { faultyTransports, noFaults } from '../testing/faulty-graph.js';
import { OperationWriter, randomNumbers } from '../testing/random-operation.js';
import { differencesByName, renameAtRandom } from '../testing/renamed-operation.js';
import { SHOP } from '../testing/shop-graph.js';
import { supergraphSdlOf } from '../testing/test-graph.js';
import { FederatedEngine } from './federated-engine.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 40);
/** Every name that is tried is validated: larger operations take long. */
const LENGTH_MAX = 1_000;

/** What the stock executor cannot tell, for it shares the planner: names are the client's affair, and change no answer. */
describe.each([SHOP, ARCHIVE])('an operation on the $name graph', (graph) => {
  it(`is answered alike under ${COUNT} other choices of names`, { timeout: 3_600_000 }, async () => {
    const transports = faultyTransports(graph, noFaults());
    const engine = new FederatedEngine({ supergraphSdl: supergraphSdlOf(graph), transports });
    const execute = async (document: DocumentNode): Promise<ExecutionResult> => {
      const operation = gatewayOperation(document);
      return engine.execute({ operation, variables: { yes: true }, context: {} });
    };
    const differences: string[] = [];
    let compared = 0;
    for (let seed = 1; compared < COUNT && differences.length < 3; seed++) {
      const random = randomNumbers(seed);
      const text = new OperationWriter(engine.apiSchema, graph.ids, random, { depth: graph.depth }).write();
      const renamed = text.length > LENGTH_MAX ? undefined : renameAtRandom(engine.apiSchema, parse(text), random);
      if (!renamed) continue;
      compared++;
      const [plain, other] = [await execute(renamed.plain), await execute(renamed.renamed)];
      const found = differencesByName(engine.apiSchema, renamed, { plain: plain.data, renamed: other.data });
      if (found.length > 0) differences.push(`${found.join('\n')}\nin operation ${seed}: ${text}`);
      expect(other.errors?.length).toBe(plain.errors?.length);
    }
    expect(differences).toEqual([]);
    await engine.close();
  });
});

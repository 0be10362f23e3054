// What an integrator writes, in plain JavaScript: run in an empty project that has nothing but the packed SDK. Prints one JSON
// object a line; on `cut` the test drops every connection to the platform.
import {
  AllocationEventsDocument,
  ControlPlane,
  ControlPlaneError,
  CreateAllocationDocument,
  RefusedError,
  ReleaseAllocationDocument,
  SkusDocument,
  pages,
  serviceAccount,
  unwrap,
} from '@gpu-control-plane/sdk';

const { ORIGIN = '', CLIENT_ID = '', CLIENT_SECRET = '', PROJECT_ID = '' } = process.env;
const url = `${ORIGIN}/graphql`;
const credentials = { tokenUrl: `${ORIGIN}/oauth/token`, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const client = new ControlPlane({ url, token: serviceAccount(credentials) });
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const skus = [];
for await (const sku of pages(async (after) => (await client.request(SkusDocument, { first: 2, after })).skus))
  skus.push(sku.name);
tell({ step: 'pages', skus });

const failureOf = (call) =>
  call
    .then(() => ({ kind: 'none', code: 'NONE' }))
    .catch(({ failure, code, correlationId }) => ({ kind: failure?.kind, code, correlationId }));
tell({ step: 'forged', ...(await failureOf(new ControlPlane({ url, token: 'forged' }).request(SkusDocument, {}))) });
const wrong = serviceAccount({ ...credentials, clientSecret: 'wrong' });
tell({ step: 'wrong secret', ...(await failureOf(new ControlPlane({ url, token: wrong }).request(SkusDocument, {}))) });

const allocate = async (gpuCount, idempotencyKey) => {
  const input = { projectId: PROJECT_ID, sku: 'h200-sxm-slice', region: 'eu-north-1', gpuCount, idempotencyKey };
  return unwrap((await client.request(CreateAllocationDocument, { input })).allocationCreate).allocation.id;
};
const refusal = await allocate(8, 'too-many').catch((error) => error);
tell({ step: 'refused', isRefusal: refusal instanceof RefusedError, code: refusal.code });

let reconnects = 0;
/** @type {Promise<string> | undefined} */
let allocationId;
const types = [];
const events = client.stream(
  AllocationEventsDocument,
  { projectId: PROJECT_ID },
  {
    onReconnect: (error) => {
      if (!(error instanceof ControlPlaneError)) throw error;
      reconnects += 1;
    },
    onOpen: () => {
      allocationId ??= allocate(1, 'consumer');
    },
  },
);
for await (const event of events) {
  types.push(event.type);
  if (types.length === 1) tell({ step: 'cut' });
  if (event.type === 'allocations.allocation.activated') {
    unwrap((await client.request(ReleaseAllocationDocument, { input: { id: await allocationId } })).allocationRelease);
  }
  if (event.type === 'allocations.allocation.released') break;
}
tell({ step: 'stream', types, reconnects });
tell({ step: 'replay', isSame: (await allocate(1, 'consumer')) === (await allocationId) });

import './node-version.js';
import OpenAI from 'openai';
import { SimulatedRuntime, startAppWorker } from '../agent/app-worker/index.js';
import {
  AllocationEventsDocument,
  AuditIntegrityDocument,
  type ControlPlane,
  LedgerReconciliationDocument,
  ProjectSpendDocument,
  SpendEventsDocument,
} from '../codegen/sdk/src/index.js';
import { loadConfiguration } from '../kernel/configuration/configuration.js';
import { Narrator } from './demo/narrator.js';
import { tellRefusals } from './demo/refusals.js';
import { Story, present } from './demo/story.js';
import { developmentConfiguration } from './development/development-configuration.js';
import { developmentToken } from './development/graphiql-credentials.js';
import { MEMBER, OPERATOR } from './development/people.js';

const DEPOSIT = '25.00';

/** Tells the story of the platform against the running one, with the SDK, line by line. */
async function tell(narrator: Narrator): Promise<void> {
  const configuration = developmentConfiguration(loadConfiguration(process.env));
  const origin = present(configuration.publicUrl);
  const signIn = async (subject: string): Promise<string> => (await developmentToken(configuration, subject)).token;
  await fetch(`${origin}/readyz`).catch(() => {
    throw new Error(`Nothing answers at ${origin}. Start the platform first: npm start`);
  });
  const story = new Story({ origin, signIn });
  const operator = await story.as(OPERATOR.subject);
  const member = await story.as(MEMBER.subject);
  const name = `Demo ${new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.')}`;

  narrator.step('An operator onboards an organization');
  const place = await narrator.doing(
    `${name}: two projects, a member, 8 GPUs for all and 4 for one, ${DEPOSIT} USD`,
    () => story.onboard(operator, { name, memberSubject: MEMBER.subject, deposit: DEPOSIT }),
  );
  narrator.step('The member makes a service account');
  const account = await narrator.doing(
    'its secret is shown once, its tokens live minutes and work in one project',
    () =>
      story.machine(member, { projectId: place.projectId, slug: 'trainer', role: 'project_member', allowList: ['*'] }),
  );
  const machine = story.asMachine(account);

  narrator.step('It allocates two GPUs and watches');
  const sshKeyIds = [await story.sshKey(member, account.id)];
  const { allocationId, lastCursor } = await story.allocate(
    machine,
    { projectId: place.projectId, gpuCount: 2, sshKeyIds },
    ({ type }) => narrator.event(type),
  );

  narrator.step('Usage becomes money');
  await narrator.doing('a window is metered, rated with the price of the launch, and posted', () =>
    nextUsage(member, place),
  );

  await apps(narrator, { story, member, place, allocationId });
  const requests = await models(narrator, { story, member, place, origin });

  narrator.step('What is not allowed is refused, with what would help');
  await tellRefusals(narrator, {
    story,
    operator,
    member,
    machine,
    place,
    memberSubject: MEMBER.subject,
    allocationId,
    requests,
  });

  narrator.step('A subscriber was away; everything is released meanwhile');
  narrator.fact(`capacity after proof of cleanup: ${await story.release(machine, allocationId)}`);
  for await (const event of machine.stream(
    AllocationEventsDocument,
    { projectId: place.projectId },
    { after: lastCursor },
  )) {
    if (event.subject?.id !== allocationId) continue;
    narrator.event(`${event.type} (from the last cursor on)`);
    if (event.type === 'allocations.allocation.released') break;
  }
  await summary(narrator, { story, operator, place, allocationId });
}

type Place = Awaited<ReturnType<Story['onboard']>>;

async function nextUsage(member: ControlPlane, place: Place): Promise<void> {
  const { organizationId, projectId } = place;
  for await (const event of member.stream(SpendEventsDocument, { organizationId, projectId })) {
    if (event.type === 'billing.usage.recorded') return;
  }
}

async function apps(
  narrator: Narrator,
  told: { story: Story; member: ControlPlane; place: Place; allocationId: string },
): Promise<void> {
  const { story, member, place, allocationId } = told;
  const { projectId } = place;
  narrator.step('JupyterLab runs on it');
  const workerAccount = await story.machine(member, {
    projectId,
    slug: 'worker',
    role: 'app_worker',
    allowList: ['apps.*'],
  });
  const worker = startAppWorker({
    url: story.url,
    tokenUrl: story.tokenUrl,
    clientId: workerAccount.clientId,
    clientSecret: workerAccount.clientSecret,
    appSlugs: ['jupyterlab'],
    projectId,
    runtime: new SimulatedRuntime({ stepMilliseconds: 100 }),
  });
  try {
    const instanceId = await story.launch(member, { projectId, allocationId, appSlug: 'jupyterlab', name: 'notebook' });
    await narrator.doing('a worker that knows only the public API leases the work and reports', async () => {
      for (;;) {
        const instance = await story.instance(member, instanceId);
        if (instance.state === 'RUNNING')
          return narrator.fact(`running at ${instance.endpoints.find((endpoint) => endpoint.isReady)?.url}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 200);
        });
      }
    });
    await story.decommission(member, instanceId);
    await narrator.doing('and is decommissioned again', async () => {
      while ((await story.instance(member, instanceId)).state !== 'DECOMMISSIONED') {
        await new Promise((resolve) => {
          setTimeout(resolve, 200);
        });
      }
    });
  } finally {
    await worker.stop();
  }
}

async function models(
  narrator: Narrator,
  told: { story: Story; member: ControlPlane; place: Place; origin: string },
): Promise<{ apiKey: string; apiKeyId: string; origin: string }> {
  const { story, member, place, origin } = told;
  narrator.step('A model is served');
  const served = await story.serveModel(member, {
    projectId: place.projectId,
    name: 'assistant',
    modelSlug: 'echo-small',
  });
  const openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey: served.apiKey });
  const messages = [{ role: 'user' as const, content: 'What is a control plane?' }];
  const plain = await openai.chat.completions.create({ model: 'assistant', messages });
  narrator.fact(`plain: ${plain.usage?.prompt_tokens} + ${plain.usage?.completion_tokens} tokens`);
  let chunks = 0;
  for await (const chunk of await openai.chat.completions.create({ model: 'assistant', messages, stream: true }))
    chunks += chunk.choices.length;
  narrator.fact(`streaming: ${chunks} chunks, by the official client`);
  return { apiKey: served.apiKey, apiKeyId: served.apiKeyId, origin };
}

async function summary(
  narrator: Narrator,
  told: { story: Story; operator: ControlPlane; place: Place; allocationId: string },
): Promise<void> {
  const { story, operator, place, allocationId } = told;
  const all = await story.tellAll(operator, allocationId);
  const { project } = await operator.request(ProjectSpendDocument, { id: place.projectId });
  const books = (await operator.request(LedgerReconciliationDocument, { organizationId: place.organizationId }))
    .ledgerReconciliation;
  const { auditIntegrity } = await operator.request(AuditIntegrityDocument, {});
  narrator.step('What was charged');
  narrator.table([
    ['unit', 'amount'],
    ...(project?.spend?.lines.map((line) => [line.unit, `${line.amount.amount} ${line.amount.currency}`]) ?? []),
    ['total', `${project?.spend?.total.amount} ${project?.spend?.total.currency}`],
  ]);
  narrator.step('What can be proved');
  narrator.table([
    ['allocation', `${all.id} on ${all.node?.name}, ${all.sku?.name}, ${all.gpuCount} GPUs`],
    ['price', `${all.price?.unitPrice.amount} per ${all.price?.unit}, snapshot ${all.price?.hash.slice(0, 16)}…`],
    [
      'ledger',
      `${all.charges?.nodes.length} transfers; books ${books.isConserved && books.isBalanced ? 'agree' : 'DO NOT AGREE'}`,
    ],
    ['grants', `${all.project?.effectiveGrants?.length} in force on the project`],
    [
      'audit',
      `${all.auditRecords?.nodes.length} records of it; log of ${auditIntegrity.treeSize}, root ${auditIntegrity.rootHash.slice(0, 16)}…`,
    ],
  ]);
}

const narrator = new Narrator(process.stdout);
tell(narrator).then(
  () => narrator.end(),
  (error: unknown) => {
    narrator.fail(error);
    process.exitCode = 1;
  },
);

import OpenAI from 'openai';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { Story } from '../../processes/demo/story.js';
import { idOf, runCommand } from '../../processes/system-commands.js';
import { startWorker } from './agents.js';
import type { TestPlatform } from './platform.js';

/**
 * An organization with something of everything in it: an allocation that runs, an app on it, a model that was asked, and all
 * that IAM and billing have. The platform's fleet must run. Answers its identifier.
 */
export async function settleOrganization(platform: TestPlatform, name: string, memberSubject: string): Promise<string> {
  const story = new Story(platform);
  const operator = await story.as('olivia');
  const place = await story.onboard(operator, { name, memberSubject, deposit: '100.00' });
  const { organizationId, projectId } = place;
  const member = await story.as(memberSubject);
  await story.untilSeen(member, projectId);
  const account = await story.machine(member, { projectId, slug: 'worker', role: 'app_worker', allowList: ['*'] });
  const sshKeyIds = [await story.sshKey(member, account.id)];
  const { allocationId } = await story.allocate(member, { projectId, gpuCount: 1, sshKeyIds });
  const instanceId = await story.launch(member, { projectId, allocationId, appSlug: 'jupyterlab', name: 'notebook' });
  const worker = startWorker(platform, account, projectId);
  const isRunning = async (): Promise<boolean> => (await story.instance(member, instanceId)).state === 'RUNNING';
  try {
    await eventually(isRunning, { milliseconds: 20_000, what: 'a running instance' });
  } finally {
    await worker.stop();
  }
  const { apiKey } = await story.serveModel(member, { projectId, name: 'assistant', modelSlug: 'echo-small' });
  await converse(platform.origin, apiKey);
  const { runtime } = platform;
  const make = (action: string, input: Record<string, unknown>) => runCommand(runtime, action, input);
  const scopeId = organizationId;
  const group = idOf(await make('iam.group.create', { scopeId, name: 'Researchers' }));
  await make('iam.group.add_member', { groupId: group, principalId: place.memberId });
  const permissions = ['allocations.allocation.read'];
  await make('iam.role.create', { organizationId, name: 'looker', title: 'Looker', permissions });
  await make('iam.policy.set', { scopeId, key: 'billing.low_balance_threshold_minor', value: 400 });
  await make('billing.budget.set', { organizationId, amount: '50.00', period: 'month' });
  return organizationId;
}

async function converse(origin: string, apiKey: string): Promise<void> {
  const openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 5 });
  await openai.chat.completions.create({ model: 'assistant', messages: [{ role: 'user', content: 'Hello' }] });
}

import OpenAI from 'openai';
import {
  AllocationDocument,
  type ControlPlane,
  CreateAllocationDocument,
  CreateProjectDocument,
  RefusedError,
  SetModelPolicyDocument,
  unwrap,
} from '../../codegen/sdk/src/index.js';
import type { Story } from './story.js';

export interface RefusalListener {
  refusal(code: string, message: string): void;
  fact(text: string): void;
}

export interface RefusalPlace {
  readonly story: Story;
  readonly operator: ControlPlane;
  readonly member: ControlPlane;
  readonly machine: ControlPlane;
  readonly place: { readonly organizationId: string; readonly projectId: string; readonly otherProjectId: string };
  readonly memberSubject: string;
  readonly allocationId: string;
  readonly requests: { readonly apiKey: string; readonly origin: string };
}

/** A refusal as data, or as a top-level error; null when it was accepted after all. */
async function refusalOf(call: Promise<unknown>): Promise<{ code: string; message: string } | null> {
  try {
    await call;
    return null;
  } catch (error) {
    // A refusal's own words; the error's message has the code before them.
    if (error instanceof RefusedError) return { code: error.code, message: error.userErrors[0]?.message ?? '' };
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? 'UNKNOWN', message };
  }
}

/** 7. Exceeds quota, balance, role, project boundary and model allow-list; answers the codes in this order. */
export async function tellRefusals(listener: RefusalListener, told: RefusalPlace): Promise<string[]> {
  const { operator, member, machine, place } = told;
  const { organizationId, projectId, otherProjectId } = place;
  const allocate = (
    client: ControlPlane,
    input: { projectId: string; gpuCount: number; sku?: string },
  ): Promise<unknown> =>
    client
      .request(CreateAllocationDocument, { input: { sku: 'h200-sxm-slice', region: 'eu-north-1', ...input } })
      .then((result) => unwrap(result.allocationCreate));
  const codes: string[] = [];
  const tell = async (call: Promise<unknown>): Promise<void> => {
    const refusal = (await refusalOf(call)) ?? { code: 'ACCEPTED', message: 'this should have been refused' };
    codes.push(refusal.code);
    listener.refusal(refusal.code, refusal.message);
  };
  await tell(allocate(machine, { projectId, gpuCount: 4 }));
  const name = `Without money ${organizationId.slice(-8)}`;
  const poor = await told.story.onboard(operator, { name, memberSubject: told.memberSubject, deposit: null });
  await told.story.untilSeen(member, poor.projectId);
  await tell(allocate(member, { projectId: poor.projectId, gpuCount: 1 }));
  await tell(member.request(CreateProjectDocument, { input: { organizationId, name: 'Not mine to make' } }));
  await tell(allocate(machine, { projectId: otherProjectId, gpuCount: 1 }));
  await tell(askModel(told));
  const audited = (result: 'DENIED' | 'FAILURE', ...actions: string[]) =>
    told.story.audited(operator, { organizationId, result }, actions);
  const denials = await audited('DENIED', 'iam.project.create', 'allocations.allocation.create');
  const refusals = await audited('FAILURE', 'allocations.allocation.create');
  listener.fact(`in the audit log: ${denials.length} denials and ${refusals.length} refusals; nothing is half done`);
  const still = await machine.request(AllocationDocument, { id: told.allocationId });
  if (still.allocation?.state !== 'ACTIVE') throw new Error('the allocation should not have noticed');
  return codes;
}

/** Allows the project another model only, and asks for the first one until the data plane has heard of it. */
async function askModel({ member, place, requests }: RefusalPlace): Promise<void> {
  unwrap(
    (
      await member.request(SetModelPolicyDocument, {
        input: { projectId: place.projectId, allowedModels: ['echo-large'] },
      })
    ).modelPolicySet,
  );
  const openai = new OpenAI({ baseURL: `${requests.origin}/v1`, apiKey: requests.apiKey, maxRetries: 0 });
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await openai.chat.completions.create({ model: 'assistant', messages: [{ role: 'user', content: 'Hello' }] });
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

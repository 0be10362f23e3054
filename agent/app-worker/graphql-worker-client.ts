import { AccessToken } from './access-token.js';
import type { Claim, FailureClass, HeartbeatAnswer, KnownInstance, Lease, Report } from './work-types.js';
import { LeaseLost, PlatformRefusal, type WorkerClient } from './worker-client.js';

const ERRORS = 'userErrors { code message }';
const LEASE = `mutation AppWorkerLease($input: AppWorkItemLeaseInput!) { appWorkItemLease(input: $input) {
  lease { leaseId fence leaseSeconds heartbeatSeconds workItem { id kind action attempt observesFirst spec instance { id name } } } ${ERRORS} } }`;
const HEARTBEAT = `mutation AppWorkerHeartbeat($input: AppWorkItemHeartbeatInput!) { appWorkItemHeartbeat(input: $input) { answer ${ERRORS} } }`;
const REPORT = `mutation AppWorkerReport($input: AppWorkItemReportInput!) { appWorkItemReport(input: $input) { ${ERRORS} } }`;
const COMPLETE = `mutation AppWorkerComplete($input: AppWorkItemReportInput!) { appWorkItemComplete(input: $input) { ${ERRORS} } }`;
const FAIL = `mutation AppWorkerFail($input: AppWorkItemFailInput!) { appWorkItemFail(input: $input) { ${ERRORS} } }`;
const RELEASE = `mutation AppWorkerRelease($input: AppWorkItemReleaseInput!) { appWorkItemRelease(input: $input) { ${ERRORS} } }`;
const RUNNING = `query AppWorkerInstances($projectId: ID!, $after: Cursor) { appInstances(projectId: $projectId, first: 100, after: $after) {
  nodes { id state desiredState planHash plan endpoints { name url } } pageInfo { hasNextPage endCursor } } }`;

const REQUEST_MILLISECONDS = 15_000;
const PAGES_MAX = 100;
const TOKEN_CODES = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_INVALID']);

interface UserError {
  readonly code: string;
  readonly message: string;
}

interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

interface InstanceNode extends KnownInstance {
  readonly state: string;
  readonly desiredState: string;
}

interface InstancePage {
  readonly nodes: readonly InstanceNode[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The worker's client over plain GraphQL and fetch: nothing but the public API and a token. */
export class GraphQLWorkerClient implements WorkerClient {
  readonly #url: string;
  readonly #token: AccessToken;

  constructor(options: { url: string; tokenUrl: string; clientId: string; clientSecret: string }) {
    this.#url = options.url;
    this.#token = new AccessToken(options);
  }

  async lease(
    request: { projectId: string; appSlugs: readonly string[]; waitMs: number },
    signal: AbortSignal,
  ): Promise<Lease | null> {
    const timeout = AbortSignal.timeout(request.waitMs + REQUEST_MILLISECONDS);
    const payload = await this.#mutate<{ lease: Lease | null }>(
      'appWorkItemLease',
      LEASE,
      request,
      AbortSignal.any([signal, timeout]),
    );
    return payload.lease;
  }

  async heartbeat(claim: Claim): Promise<HeartbeatAnswer> {
    return (await this.#mutate<{ answer: HeartbeatAnswer }>('appWorkItemHeartbeat', HEARTBEAT, claim)).answer;
  }

  async report(claim: Claim, report: Report): Promise<void> {
    await this.#mutate('appWorkItemReport', REPORT, { ...claim, ...report });
  }

  async complete(claim: Claim, report: Report): Promise<void> {
    await this.#mutate('appWorkItemComplete', COMPLETE, { ...claim, ...report });
  }

  async fail(claim: Claim, failure: { failureClass: FailureClass; message: string }): Promise<void> {
    await this.#mutate('appWorkItemFail', FAIL, { ...claim, ...failure });
  }

  async release(claim: Claim, hasTouched: boolean): Promise<void> {
    await this.#mutate('appWorkItemRelease', RELEASE, { ...claim, hasTouched });
  }

  async runningInstances(request: { projectId: string; appSlugs: readonly string[] }): Promise<KnownInstance[]> {
    const found: KnownInstance[] = [];
    let after: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const data: { appInstances: InstancePage } = await this.#send(RUNNING, { projectId: request.projectId, after });
      const { nodes, pageInfo } = data.appInstances;
      found.push(...nodes.filter((node) => isRunning(node) && request.appSlugs.includes(node.plan.app)));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    return found;
  }

  async #mutate<Payload>(
    field: string,
    query: string,
    input: object,
    signal = AbortSignal.timeout(REQUEST_MILLISECONDS),
  ): Promise<Payload> {
    const data = await this.#send<Record<string, Payload & { userErrors: UserError[] }>>(query, { input }, signal);
    const payload = data[field];
    if (payload === undefined) throw new Error(`the platform did not answer ${field}`);
    const [error] = payload.userErrors;
    if (error?.code === 'STALE_FENCE') throw new LeaseLost();
    if (error !== undefined) throw new PlatformRefusal(error.code, error.message);
    return payload;
  }

  /** Once more with a fresh token when the first was not taken: it may have ended, or its keys been rotated. */
  async #send<Data>(
    query: string,
    variables: object,
    signal = AbortSignal.timeout(REQUEST_MILLISECONDS),
  ): Promise<Data> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#post(query, variables, signal);
      const [error] = answer.errors ?? [];
      if (error === undefined && answer.data != null) return answer.data as Data;
      const code = error?.extensions?.code ?? 'INTERNAL';
      if (TOKEN_CODES.has(code)) this.#token.forget();
      if (attempt === 1 && TOKEN_CODES.has(code)) continue;
      throw new PlatformRefusal(code, error?.message ?? 'the platform answered nothing');
    }
  }

  async #post(query: string, variables: object, signal: AbortSignal): Promise<GraphQLAnswer> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await this.#token.get()}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
      },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    const text = await response.text();
    try {
      return JSON.parse(text) as GraphQLAnswer;
    } catch {
      throw new Error(`the platform answered ${response.status} without JSON`);
    }
  }
}

function isRunning(node: InstanceNode): boolean {
  return node.desiredState === 'RUNNING' && ['RUNNING', 'DEGRADED', 'UPGRADING'].includes(node.state);
}

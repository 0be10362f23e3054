import { type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import {
  type EnrollResponse,
  type HeartbeatRequest,
  type HeartbeatResponse,
  NODES_PATH,
  type TaskReport,
  type TaskReportResponse,
  enrollResponse,
  heartbeatResponse,
  taskReportResponse,
  waitResponse,
} from './protocol/messages.js';
import { signNodeRequest } from './protocol/node-credential.js';
import type { AgentState } from './agent-state.js';

/** The control plane answered with an error; `isFinal` means that asking again cannot help. */
export class ControlPlaneError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
    this.name = 'ControlPlaneError';
  }

  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

export interface ClientOptions {
  readonly baseUrl: string;
  readonly state: AgentState;
  readonly clock: () => Date;
  readonly dispatcher?: Dispatcher | undefined;
}

/** The agent's side of the node protocol. Every request is signed with the node's own key. */
export class ControlPlaneClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async enroll(bootstrapToken: string, agentVersion: string, signal: AbortSignal): Promise<EnrollResponse> {
    const publicKey = this.#options.state.publicKey;
    const body = { bootstrapToken, publicKey, agentVersion };
    return this.#call('POST', `${NODES_PATH}/enroll`, { body, answer: enrollResponse, subject: publicKey.x, signal });
  }

  async heartbeat(body: HeartbeatRequest, signal: AbortSignal): Promise<HeartbeatResponse> {
    return this.#call('POST', `${this.#base}/heartbeat`, { body, answer: heartbeatResponse, signal });
  }

  async waitForTasks(waitSeconds: number, signal: AbortSignal): Promise<{ taskId: string; signed: string }[]> {
    const path = `${this.#base}/tasks/wait?seconds=${waitSeconds}`;
    return (await this.#call('GET', path, { answer: waitResponse, signal, waitSeconds })).tasks;
  }

  async report(taskId: string, body: TaskReport, signal: AbortSignal): Promise<TaskReportResponse> {
    return this.#call('POST', `${this.#base}/tasks/${taskId}/result`, { body, answer: taskReportResponse, signal });
  }

  get #base(): string {
    return `${NODES_PATH}/${this.#options.state.nodeId ?? 'unknown'}`;
  }

  async #call<Answer extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    call: { body?: object; answer: Answer; subject?: string; signal: AbortSignal; waitSeconds?: number },
  ): Promise<z.output<Answer>> {
    const { state, clock, baseUrl, dispatcher } = this.#options;
    const body = call.body === undefined ? '' : JSON.stringify(call.body);
    const subject = call.subject ?? state.nodeId ?? '';
    const token = await signNodeRequest({ method, path, body }, { subject, key: state.privateKey, now: clock() });
    const timeout = ((call.waitSeconds ?? 0) + 15) * 1000;
    const response = await request(new URL(path, baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: call.body === undefined ? null : body,
      signal: call.signal,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw toError(response.statusCode, text);
    return call.answer.parse(JSON.parse(text));
  }
}

function toError(status: number, text: string): ControlPlaneError {
  try {
    const { code, message } = JSON.parse(text) as { code?: string; message?: string };
    return new ControlPlaneError(status, code ?? 'UNKNOWN', message ?? 'no message');
  } catch {
    return new ControlPlaneError(status, 'UNKNOWN', text.slice(0, 200));
  }
}

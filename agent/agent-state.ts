import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type JWK, exportJWK, generateKeyPair } from 'jose';
import type { TaskReport } from './protocol/messages.js';
import type { Verifier } from './protocol/signed-task.js';

interface FenceEntry {
  fence: number;
  taskId: string;
}

interface StateFile {
  nodeId: string | null;
  epoch: number;
  privateKey: JWK;
  publicKey: JWK;
  verifiers: Verifier[];
  verifiersIssuedAt: number;
  /** Highest fence seen of each allocation: what is lower was overtaken. */
  fences: Record<string, FenceEntry>;
  /** Results the control plane has not acknowledged yet. */
  unreported: Record<string, TaskReport>;
  /** Results of recent tasks, to answer a repeated delivery without doing the work again. */
  reported: Record<string, TaskReport>;
}

const REMEMBERED_MAX = 2000;

/** What an agent must not forget when it restarts: its key, whom it trusts, and the highest fences it saw. */
export class AgentState {
  readonly #file: string;
  readonly #data: StateFile;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, data: StateFile) {
    this.#file = file;
    this.#data = data;
  }

  /** Reads the state of the node `name`, or begins a new one with a key pair of its own. */
  static async open(directory: string, name: string): Promise<AgentState> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = path.join(directory, `${name}.json`);
    const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (known !== null) return new AgentState(file, JSON.parse(known) as StateFile);
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const state = new AgentState(file, {
      nodeId: null,
      epoch: 0,
      privateKey: await exportJWK(privateKey),
      publicKey: await exportJWK(publicKey),
      verifiers: [],
      verifiersIssuedAt: 0,
      fences: {},
      unreported: {},
      reported: {},
    });
    await state.save();
    return state;
  }

  get nodeId(): string | null {
    return this.#data.nodeId;
  }
  get epoch(): number {
    return this.#data.epoch;
  }
  get privateKey(): JWK {
    return this.#data.privateKey;
  }
  get publicKey(): { kty: 'OKP'; crv: 'Ed25519'; x: string } {
    return { kty: 'OKP', crv: 'Ed25519', x: this.#data.publicKey.x ?? '' };
  }
  get trusted(): { verifiers: readonly Verifier[]; issuedAt: number } {
    return { verifiers: this.#data.verifiers, issuedAt: this.#data.verifiersIssuedAt };
  }
  get unreported(): readonly [string, TaskReport][] {
    return Object.entries(this.#data.unreported);
  }

  async enrolled(identity: { nodeId: string; epoch: number; verifiers: Verifier[]; issuedAt: number }): Promise<void> {
    const { nodeId, epoch, verifiers, issuedAt } = identity;
    Object.assign(this.#data, { nodeId, epoch, verifiers, verifiersIssuedAt: issuedAt });
    await this.save();
  }

  async trust(verifiers: Verifier[], issuedAt: number): Promise<void> {
    if (JSON.stringify(verifiers) === JSON.stringify(this.#data.verifiers)) return;
    Object.assign(this.#data, { verifiers, verifiersIssuedAt: issuedAt });
    await this.save();
  }

  /** The result of a task that was finished before, if it is remembered. */
  resultOf(taskId: string): TaskReport | null {
    return this.#data.unreported[taskId] ?? this.#data.reported[taskId] ?? null;
  }

  /** False when a task of the same allocation with this fence or a higher one was seen: this one was overtaken. */
  async admit(allocationId: string, fence: number, taskId: string): Promise<boolean> {
    const seen = this.#data.fences[allocationId];
    if (seen !== undefined && (seen.fence > fence || (seen.fence === fence && seen.taskId !== taskId))) return false;
    if (seen?.fence === fence) return true;
    this.#data.fences[allocationId] = { fence, taskId };
    await this.save();
    return true;
  }

  async finished(taskId: string, report: TaskReport): Promise<void> {
    this.#data.unreported[taskId] = report;
    await this.save();
  }

  async acknowledged(taskId: string): Promise<void> {
    const report = this.#data.unreported[taskId];
    delete this.#data.unreported[taskId];
    if (report !== undefined) this.#data.reported[taskId] = report;
    trim(this.#data.reported);
    trim(this.#data.fences);
    await this.save();
  }

  /** Whole or not at all: written beside and renamed. One write at a time. */
  async save(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const temporary = `${this.#file}.new`;
    await writeFile(temporary, JSON.stringify(this.#data), { mode: 0o600 });
    await rename(temporary, this.#file);
  }
}

/** Keys keep the order they were added in: the oldest go first. */
function trim(entries: Record<string, unknown>): void {
  const keys = Object.keys(entries);
  for (const key of keys.slice(0, Math.max(0, keys.length - REMEMBERED_MAX))) delete entries[key];
}

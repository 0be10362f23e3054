import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Configuration } from '../../kernel/configuration/configuration.js';
import { projectPath } from '../../kernel/project-path.js';
import { type SigningKeys, generateSigningKeys } from './identity-provider/index.js';

const stateFile = z.object({
  identitySigningKeys: z.custom<SigningKeys>((value) => typeof value === 'object' && value !== null),
  /** Credentials that were revealed once and that the demonstration needs again at the next start, by name. */
  secrets: z.record(z.string(), z.string()).default({}),
});

type State = z.output<typeof stateFile>;

/** What a development installation remembers beside its database. In production these come from the configuration. */
export class DevelopmentState {
  readonly #file: string;
  #state: State;

  private constructor(file: string, state: State) {
    this.#file = file;
    this.#state = state;
  }

  static async open(configuration: Configuration): Promise<DevelopmentState> {
    const file = path.resolve(projectPath(), configuration.dataDirectory, 'development.json');
    await mkdir(path.dirname(file), { recursive: true });
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text !== null) return new DevelopmentState(file, stateFile.parse(JSON.parse(text)));
    const state = new DevelopmentState(file, {
      identitySigningKeys: generateSigningKeys(),
      secrets: {},
    });
    await state.#save();
    return state;
  }

  get identitySigningKeys(): SigningKeys {
    return this.#state.identitySigningKeys;
  }

  secret(name: string): string | undefined {
    return this.#state.secrets[name];
  }

  async keepSecret(name: string, value: string): Promise<void> {
    this.#state = { ...this.#state, secrets: { ...this.#state.secrets, [name]: value } };
    await this.#save();
  }

  /** Written whole and renamed, so that a crash leaves the old file or the new one. */
  async #save(): Promise<void> {
    const draft = `${this.#file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(this.#state, null, 2), { mode: 0o600 });
    await rename(draft, this.#file);
  }
}

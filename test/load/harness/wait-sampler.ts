import pg from 'pg';

const INTERVAL_MILLISECONDS = 20;

/** Looks again and again at what each connection does, and counts: where time goes that no statement's cost explains. */
export class WaitSampler {
  readonly #client: pg.Client;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(connectionString: string) {
    this.#client = new pg.Client({ connectionString });
  }

  async start(): Promise<void> {
    await this.#client.connect();
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, INTERVAL_MILLISECONDS);
  }

  async #look(): Promise<void> {
    const { rows } = await this.#client.query<{ line: string }>(`
      select format('%-22s %s', coalesce(wait_event_type || ' ' || wait_event, 'on the processor'),
        left(translate(query, E'\\n\\t', '  '), 110)) as line
      from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'`);
    for (const { line } of rows) this.#counts.set(line, (this.#counts.get(line) ?? 0) + 1);
  }

  /** What was seen most often, and how often. */
  async stop(): Promise<string> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#client.end();
    const top = [...this.#counts].sort((one, other) => other[1] - one[1]).slice(0, 20);
    return top.map(([line, count]) => `${String(count).padStart(7)}  ${line}`).join('\n');
  }
}

/** Tells a story on a terminal: numbered steps, facts with the time they took, tables. Plain text when it is piped. */
export class Narrator {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  #steps = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  #paint(code: number, text: string): string {
    return this.#out.isTTY ? `\u001B[${code}m${text}\u001B[0m` : text;
  }

  step(title: string): void {
    this.#steps += 1;
    this.#out.write(`\n${this.#paint(1, `${this.#steps}. ${title}`)}\n`);
  }

  fact(text: string): void {
    this.#out.write(`   ${this.#paint(32, '✓')} ${text}\n`);
  }

  event(text: string): void {
    this.#out.write(`   ${this.#paint(36, '→')} ${text}\n`);
  }

  refusal(code: string, message: string): void {
    this.#out.write(`   ${this.#paint(33, '✗')} ${code}: ${message}\n`);
  }

  /** Runs a piece of work and tells how long it took. */
  async doing<Result>(text: string, work: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    const result = await work();
    this.fact(`${text} ${this.#paint(2, `(${Math.round(performance.now() - startedAt)} ms)`)}`);
    return result;
  }

  table(rows: readonly (readonly string[])[]): void {
    const width = Math.max(...rows.map((row) => row[0]?.length ?? 0));
    for (const [name = '', value = ''] of rows) this.#out.write(`   ${name.padEnd(width)}  ${value}\n`);
  }

  end(): void {
    this.#out.write(`\n${this.#paint(1, `Told in ${((performance.now() - this.#startedAt) / 1000).toFixed(1)} s.`)}\n`);
  }

  fail(error: unknown): void {
    this.#out.write(
      `\n${this.#paint(31, 'The story stopped:')} ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
}

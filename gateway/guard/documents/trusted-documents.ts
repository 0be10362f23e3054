import { createHash } from 'node:crypto';

/** A document that the operator vouches for. */
export interface TrustedDocument {
  readonly text: string;
  /** What its clients call it, if that is not the SHA-256 of its text. */
  readonly id?: string;
}

/** The documents that clients may ask for by name, and the only ones where they are enforced. */
export class TrustedDocuments {
  readonly #textById = new Map<string, string>();
  readonly #texts = new Set<string>();

  /** Throws if one identifier names two texts. */
  constructor(documents: Iterable<TrustedDocument>) {
    for (const { id, text } of documents) {
      this.#texts.add(text);
      this.#register(sha256Of(text), text);
      if (id !== undefined) this.#register(withoutPrefix(id), text);
    }
  }

  get texts(): ReadonlySet<string> {
    return this.#texts;
  }

  /** @param id an identifier, or the lower-case hexadecimal SHA-256 of the text, with `sha256:` before it or not */
  textOf(id: string): string | undefined {
    return this.#textById.get(withoutPrefix(id));
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  #register(id: string, text: string): void {
    const known = this.#textById.get(id);
    if (known !== undefined && known !== text) throw new Error(`the document identifier "${id}" names two documents`);
    this.#textById.set(id, text);
  }
}

/** Of the text in UTF-8, lower-case hexadecimal: https://github.com/graphql/graphql-over-http, appendix A. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function withoutPrefix(id: string): string {
  return id.startsWith('sha256:') ? id.slice('sha256:'.length) : id;
}

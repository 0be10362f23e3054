/** A service account's short token, minted when needed, one request at a time (OAuth 2.0 client credentials, RFC 6749 section 4.4). */
export class AccessToken {
  readonly #tokenUrl: string;
  readonly #authorization: string;
  #token: { value: string; refreshAt: number } | null = null;
  #minting: Promise<string> | null = null;

  constructor(options: { tokenUrl: string; clientId: string; clientSecret: string }) {
    this.#tokenUrl = options.tokenUrl;
    const pair = `${encodeURIComponent(options.clientId)}:${encodeURIComponent(options.clientSecret)}`;
    this.#authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  async get(): Promise<string> {
    if (this.#token !== null && Date.now() < this.#token.refreshAt) return this.#token.value;
    this.#minting ??= this.#mint().finally(() => {
      this.#minting = null;
    });
    return this.#minting;
  }

  /** The platform did not take the token: the next call mints another. */
  forget(): void {
    this.#token = null;
  }

  async #mint(): Promise<string> {
    const response = await fetch(this.#tokenUrl, {
      method: 'POST',
      headers: {
        authorization: this.#authorization,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: 'grant_type=client_credentials',
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json().catch(() => ({}))) as {
      access_token?: string;
      expires_in?: number;
      error?: string;
    };
    if (!response.ok || answer.access_token === undefined) {
      throw new Error(`the token endpoint answered ${response.status} (${answer.error ?? 'no reason'})`);
    }
    const seconds = answer.expires_in ?? 60;
    this.#token = { value: answer.access_token, refreshAt: Date.now() + seconds * 800 };
    return answer.access_token;
  }
}

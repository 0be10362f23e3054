interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

const REDIRECT_TIMEOUT_MS = 10_000;

/** As much of a browser as a sign-in needs: cookies by host and path (RFC 6265), redirects left to the caller. */
export class BrowserSession {
  #cookies: Cookie[] = [];

  async fetch(url: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = this.#cookies
      .filter(({ host, path }) => host === url.host && covers(path, url.pathname))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(REDIRECT_TIMEOUT_MS),
      headers: { accept: 'text/html', ...(cookie !== '' && { cookie }) },
      ...(form && { method: 'POST', body: form }),
    });
    for (const header of response.headers.getSetCookie()) this.#keep(header, url);
    return response;
  }

  #keep(header: string, url: URL): void {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
    const split = pair.indexOf('=');
    const name = pair.slice(0, split);
    const value = pair.slice(split + 1);
    const attribute = (wanted: string): string | undefined =>
      attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? '/';
    this.#cookies = this.#cookies.filter(
      (cookie) => cookie.name !== name || cookie.path !== path || cookie.host !== url.host,
    );
    const expires = attribute('expires');
    if (value === '' || (expires !== undefined && Date.parse(expires) <= Date.now())) return;
    this.#cookies.push({ name, value, host: url.host, path });
  }
}

function covers(path: string, pathname: string): boolean {
  return path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}

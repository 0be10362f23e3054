import { type Browser, type Page, chromium } from 'playwright-core';

/** An element that holds an editor of CodeMirror 5. */
interface Editor {
  readonly CodeMirror: { getValue(): string; setValue(text: string): void };
}

/** GraphiQL in a headless browser, driven as a person would. */
export class GraphiqlPage {
  /** What the browser complained of: errors in the console, violations of the page's policy, requests to elsewhere. */
  readonly faults: string[] = [];
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  static async open(url: string, executablePath: string): Promise<GraphiqlPage> {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const opened = new GraphiqlPage(browser, page);
    page.on('console', (message) => message.type() === 'error' && opened.faults.push(message.text()));
    page.on('pageerror', (error) => opened.faults.push(String(error)));
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(new URL(url).origin) || /^(data|blob):/.test(request.url());
      if (!isOwn) opened.faults.push(`request to ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector('.graphiql-execute-button');
    return opened;
  }

  async signInAs(label: string): Promise<void> {
    await this.#page.selectOption('#credential', { label });
  }

  /** Names of the tabs, which are those of their operations. */
  async tabs(): Promise<string[]> {
    return this.#page.$$eval('.graphiql-tab-button', (tabs) => tabs.map((tab) => tab.textContent ?? ''));
  }

  /** Runs a tab with these variables put over its own, and answers what the result pane shows once it satisfies. */
  async run(tab: string, variables: Readonly<Record<string, string>>, until: RegExp): Promise<string> {
    const page = this.#page;
    await page.click(`.graphiql-tab-button:text-is("${tab}")`);
    // GraphiQL notices the operation of a tab and changed variables with a delay of half a second.
    await page.waitForTimeout(700);
    if (Object.keys(variables).length > 0) {
      const own = JSON.parse((await this.#read('.graphiql-editor-tool .CodeMirror')) || '{}') as object;
      await page
        .locator('.graphiql-editor-tool .CodeMirror')
        .first()
        .evaluate(
          (element: unknown, text) => (element as Editor).CodeMirror.setValue(text),
          JSON.stringify({ ...own, ...variables }),
        );
    }
    await page.waitForTimeout(700);
    await page.click('.graphiql-execute-button');
    return this.shown(until);
  }

  /** Waits until the result pane shows something. */
  async shown(until: RegExp): Promise<string> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const text = await this.#read('.result-window .CodeMirror');
      if (until.test(text)) return text;
      if (Date.now() > deadline) throw new Error(`GraphiQL does not show ${String(until)} but:\n${text}`);
      await this.#page.waitForTimeout(100);
    }
  }

  /** The text of an editor: its lines on the screen are only those that are in sight. */
  async #read(selector: string): Promise<string> {
    return this.#page
      .locator(selector)
      .first()
      .evaluate((element: unknown) => (element as Editor).CodeMirror.getValue());
  }

  /** Ends a running subscription. */
  async stop(): Promise<void> {
    await this.#page.click('.graphiql-execute-button[aria-label^="Stop"]');
  }

  async screenshot(path: string): Promise<void> {
    await this.#page.screenshot({ path });
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

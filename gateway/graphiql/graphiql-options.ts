/** A tab that the page opens with. */
export interface GraphiqlTab {
  readonly name: string;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A ready-made sign-in, offered by a server that is configured for development. */
export interface DevelopmentCredential {
  readonly label: string;
  /** The whole header value, such as `Bearer …`. */
  readonly authorization: string;
}

export interface GraphiqlOptions {
  readonly title?: string;
  readonly tabs?: readonly GraphiqlTab[];
  /** Asked for each page, so that tokens are fresh. Give it in development only: whoever loads the page gets them. */
  readonly developmentCredentials?: () => readonly DevelopmentCredential[] | Promise<readonly DevelopmentCredential[]>;
  /** Where to sign in by OpenID Connect; the page links to it. */
  readonly signInUrl?: string;
}

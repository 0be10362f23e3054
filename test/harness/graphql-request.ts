export interface GraphqlFault {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors: readonly GraphqlFault[];
  /** Code of the first error. */
  readonly code: unknown;
}

export interface GraphqlCall {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One plain POST, without the SDK's retries and types: for what the SDK would never send. */
export async function graphqlRequest(url: string, call: GraphqlCall): Promise<GraphqlAnswer> {
  const { query, variables, token, headers } = call;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as Partial<Pick<GraphqlAnswer, 'data' | 'errors'>>;
  const errors = body.errors ?? [];
  return { status: response.status, data: body.data, errors, code: errors[0]?.extensions['code'] };
}

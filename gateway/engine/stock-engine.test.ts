import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({ engine: 'stock' });
});
afterAll(async () => test.stop());

async function ask(query: string): Promise<unknown> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

it('answers queries by the stock executor when it is chosen', async () => {
  expect(await ask('{ me { name reviews { helpful } } }')).toEqual({
    data: { me: { name: 'Ada', reviews: [{ helpful: 1 }, { helpful: 3 }, null] } },
  });
});

it('refuses denied fields, which the stock executor cannot null', async () => {
  expect(await ask('{ me { email } }')).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
});

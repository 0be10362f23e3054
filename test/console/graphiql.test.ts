import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphiqlCredentials } from '../../processes/development/graphiql-credentials.js';
import { Story } from '../../processes/demo/story.js';
import { createGatewayServer } from '../../processes/gateway-server.js';
import { graphiqlTabs } from '../../processes/graphiql-tabs.js';
import { startFleet } from '../harness/agents.js';
import { startPlatform } from '../harness/platform.js';
import { GraphiqlPage } from './graphiql-page.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);
if (CHROMIUM === undefined) process.stderr.write('No Chromium on this machine: GraphiQL is not tried in a browser.\n');

describe.skipIf(CHROMIUM === undefined)('GraphiQL on the whole platform, in Chromium', () => {
  const OPERATOR = 'Operator (Olivia Operator)';
  const MEMBER = 'Project member (Mira Member)';
  const stops: (() => Promise<void>)[] = [];
  let page: GraphiqlPage;
  let projectId: string;
  let allocationId: string;

  beforeAll(async () => {
    const platform = await startPlatform();
    stops.push(() => platform.close());
    const fleet = await startFleet(platform);
    stops.push(() => fleet.stop());
    const story = new Story(platform);
    const operator = await story.as('olivia');
    const place = await story.onboard(operator, { name: 'Readers', memberSubject: 'mira', deposit: '50.00' });
    projectId = place.projectId;
    // As `npm start` serves it: with development credentials, and the tabs of a project.
    const gateway = await createGatewayServer(platform.runtime, {
      developmentCredentials: graphiqlCredentials(platform.runtime.configuration),
      tabs: graphiqlTabs({ projectId }),
    });
    stops.push(() => gateway.close());
    await gateway.server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = gateway.server.server.address() as AddressInfo;
    page = await GraphiqlPage.open(`http://127.0.0.1:${port}/graphql`, CHROMIUM ?? '');
    stops.push(() => page.close());
  }, 180_000);
  afterAll(async () => {
    const folder = process.env['GRAPHIQL_SCREENSHOTS'];
    if (folder !== undefined) await page.screenshot(path.join(folder, 'last.png'));
    for (const stop of stops.reverse()) await stop();
  });

  it('opens a tab for each example', async () => {
    expect(await page.tabs()).toEqual([
      'PlatformNow',
      'WhoDidWhat',
      'Machines',
      'Cordon',
      'MyProjects',
      'Allocate',
      'Follow',
      'Story',
      'GiveBack',
    ]);
  });

  it('answers the operator with the state of the platform and what was done', async () => {
    await page.signInAs(OPERATOR);
    const answer = JSON.parse(await page.run('PlatformNow', {}, /treeSize/)) as Answer<{
      computeNodes: { nodes: { id: string; name: string }[] };
      organizations: { nodes: { name: string }[] };
    }>;
    expect(answer.errors).toBeUndefined();
    expect(answer.data.organizations.nodes.map(({ name }) => name)).toContain('Readers');
    expect(await page.run('WhoDidWhat', {}, /"action"/)).toContain('iam.');
    const [machine] = answer.data.computeNodes.nodes;
    const cordoned = await page.run('Cordon', { id: machine?.id ?? '' }, /"scheduling"|"errors"/);
    expect(cordoned).toContain('"scheduling": "CORDONED"');
  }, 60_000);

  it('streams events of machines to the operator, from the first that is kept', async () => {
    const shown = await page.run('Machines', {}, /allocations\.node\.scheduling_changed/);
    expect(shown).toContain('"scheduling": "CORDONED"');
    await page.stop();
  }, 60_000);

  it('allocates for the member, and follows the allocation into three subgraphs while it lives', async () => {
    await page.signInAs(MEMBER);
    expect(await page.run('MyProjects', {}, /"projects"/)).toContain(projectId);
    const created = await page.run('Allocate', {}, /"allocationCreate"/);
    allocationId = /alc_\w+/.exec(created)?.[0] ?? '';
    expect(JSON.parse(created)).toMatchObject({ data: { allocationCreate: { userErrors: [] } } });
    const followed = await page.run('Follow', {}, /allocations\.allocation\.activated/);
    expect(JSON.parse(followed)).toMatchObject({
      data: {
        allocationEvents: { subject: { id: allocationId, project: { name: 'Training' }, spend: { total: {} } } },
      },
    });
    await page.stop();
  }, 60_000);

  it('tells the member everything of the allocation, and gives it back', async () => {
    const told = await page.run('Story', { id: allocationId }, /auditRecords|errors/);
    expect(JSON.parse(told)).toMatchObject({
      data: { allocation: { state: 'ACTIVE', connection: { port: expect.any(Number) } } },
    });
    expect(told).not.toContain('"errors"');
    expect(await page.run('GiveBack', { id: allocationId }, /releaseAcceptedAt/)).toContain('"userErrors": []');
  }, 60_000);

  it('tells a stranger what is missing', async () => {
    await page.signInAs('Stranger (Sam Stranger)');
    expect(await page.run('WhoDidWhat', {}, /"errors"/)).toMatch(/"code": "FORBIDDEN"/);
  }, 60_000);

  it('breaks no rule of its content security policy, asks nobody else and logs no error', () => {
    expect(page.faults).toEqual([]);
  });
});

interface Answer<Data> {
  readonly data: Data;
  readonly errors?: unknown;
}

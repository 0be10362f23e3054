import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FederationCase } from './federation-case.js';
import { type CaseGateway, startCaseGateway } from './case-gateway.js';
import { differingBranches, emptyInterface, partialMembers } from './cases/branches.js';
import { brokenWay, providedFields, requiresInTurn } from './cases/entities.js';
import { namesOnInterfaceObject, unresolvableInterfaceObject } from './cases/interface-objects.js';
import { mixedKeys } from './cases/keys.js';
import { externalElsewhere, optionalArguments, skippedRequires } from './cases/required-fields.js';
import { conflictingRequires, requiresWithArguments } from './cases/requires-with-arguments.js';
import {
  composedDirective,
  enumIntersection,
  executableDirective,
  firstFederation,
  inaccessibleTypes,
  indirectInterfaceObject,
  serialMutations,
} from './cases/types.js';

const CASES: readonly FederationCase[] = [
  mixedKeys,
  brokenWay,
  requiresWithArguments,
  conflictingRequires,
  optionalArguments,
  externalElsewhere,
  skippedRequires,
  requiresInTurn,
  providedFields,
  differingBranches,
  emptyInterface,
  partialMembers,
  unresolvableInterfaceObject,
  namesOnInterfaceObject,
  indirectInterfaceObject,
  enumIntersection,
  inaccessibleTypes,
  executableDirective,
  composedDirective,
  serialMutations,
  firstFederation,
];

describe.each(CASES.map((one) => [one.name, one] as const))('%s', (_, { subgraphs, requests }) => {
  let gateway: CaseGateway;
  beforeAll(async () => {
    gateway = await startCaseGateway(subgraphs);
  });
  afterAll(async () => gateway.stop());

  it.each(Object.entries(requests))('%s', async (_sentence, { query, variables, data, errorPaths = [] }) => {
    const answer = await gateway.ask(query, variables);
    expect({ data: answer.data, errorPaths: (answer.errors ?? []).map(({ path }) => path) }).toEqual({
      data,
      errorPaths,
    });
  });
});

import { Kind } from 'graphql';
import type { SubgraphCall, SubgraphError, SubgraphOperation, SubgraphResult } from '../subgraph-transport.js';
import type { GatheringForm, SendOperation } from './gathering-form.js';

const ENTITIES_MAX = 500;
const ENTITIES = '_entities';

/** Fetches of entities become one of all their entities, each of which is asked for once. Undefined for other fetches. */
export function entitiesForm(operation: SubgraphOperation, compile: SendOperation): GatheringForm | undefined {
  const variable = representationsVariable(operation);
  if (variable === undefined) return undefined;
  const send = compile(operation);
  const representationsOf = ({ representations }: SubgraphCall): readonly string[] =>
    (representations?.[variable] ?? []) as readonly string[];
  return {
    send,
    keyOf: ({ variables }) => JSON.stringify(variables),
    weightOf: (call) => representationsOf(call).length,
    weightMax: ENTITIES_MAX,
    combine(calls) {
      const lists = calls.map(representationsOf);
      const indexes = indexesOf(lists);
      return {
        send,
        call: { variables: calls[0]?.variables ?? {}, representations: { [variable]: [...indexes.keys()] } },
        split(result) {
          const answers = answersOf(result, indexes.size);
          return answers && lists.map((list) => answerOf(list, indexes, answers));
        },
      };
    },
  };
}

/** The variable that says which entities, if the operation fetches `_entities` and nothing else. */
function representationsVariable({ document, kind }: SubgraphOperation): string | undefined {
  if (kind !== 'query') return undefined;
  const definition = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [field, ...others] = definition?.selectionSet.selections ?? [];
  if (field?.kind !== Kind.FIELD || field.name.value !== ENTITIES || field.alias || others.length > 0) return undefined;
  const value = field.arguments?.find(({ name }) => name.value === 'representations')?.value;
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}

/** Each representation once, and the place of its answer. */
function indexesOf(lists: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const list of lists) {
    for (const representation of list) if (!indexes.has(representation)) indexes.set(representation, indexes.size);
  }
  return indexes;
}

interface Answers {
  readonly entities: readonly unknown[];
  /** By the entity they name. */
  readonly errors: ReadonlyMap<number, readonly SubgraphError[]>;
}

const NO_ERRORS: Answers['errors'] = new Map();

/** Undefined if not every entity is answered, or an error names none: nobody knows then whom that concerns. */
function answersOf({ data, errors }: SubgraphResult, count: number): Answers | undefined {
  const entities = (data as Readonly<Record<string, unknown>> | null | undefined)?.[ENTITIES];
  if (!Array.isArray(entities) || entities.length !== count) return undefined;
  if (!errors || errors.length === 0) return { entities, errors: NO_ERRORS };
  const byEntity = new Map<number, SubgraphError[]>();
  for (const error of errors) {
    const [field, index] = error.path ?? [];
    if (field !== ENTITIES || typeof index !== 'number' || index >= count) return undefined;
    byEntity.set(index, [...(byEntity.get(index) ?? []), error]);
  }
  return { entities, errors: byEntity };
}

/** As if it had been sent alone: entities and the paths of errors count from its own first. */
function answerOf(
  representations: readonly string[],
  indexes: ReadonlyMap<string, number>,
  { entities, errors }: Answers,
): SubgraphResult {
  const own: unknown[] = [];
  const ownErrors: SubgraphError[] = [];
  for (let i = 0; i < representations.length; i++) {
    const index = indexes.get(representations[i] as string) as number;
    own.push(entities[index]);
    for (const error of errors.get(index) ?? [])
      ownErrors.push({ ...error, message: error.message, path: [ENTITIES, i, ...(error.path ?? []).slice(2)] });
  }
  const data = { [ENTITIES]: own };
  return ownErrors.length === 0 ? { data, isShared: true } : { data, errors: ownErrors, isShared: true };
}

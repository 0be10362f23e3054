import {
  isTypeDefinitionNode,
  isTypeExtensionNode,
  Kind,
  valueFromASTUntyped,
  type ConstDirectiveNode,
  type DocumentNode,
} from 'graphql';

/** How long a list can be: `@listSize` of https://ibm.github.io/graphql-specs/cost-spec.html#sec-The-List-Size-Directive. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  /** Arguments that bound the list; a dot leads into an input object. */
  readonly slicingArguments: readonly string[];
  /** Fields of the answered object that are the lists meant, as in a connection. */
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** What the directives of a supergraph say, by coordinate: `Type`, `Type.field`, `Type.field(argument:)`. */
export interface CostDirectives {
  readonly weights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, ListSize>;
}

interface DirectiveNames {
  readonly cost: string;
  readonly listSize: string;
}

interface Annotated {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

const COST_SPECIFICATION = /\/cost\/v\d+\.\d+$/;

/** Reads `@cost` and `@listSize`, by whatever names the schema imports them. */
export function readCostDirectives(schema: DocumentNode): CostDirectives {
  const names = directiveNames(schema);
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const add = (coordinate: string, { directives = [] }: Annotated): void => {
    for (const directive of directives) {
      if (directive.name.value === names.cost) {
        const weight = Number(argumentsOf(directive)['weight']);
        if (Number.isFinite(weight)) weights.set(coordinate, weight);
      } else if (directive.name.value === names.listSize) listSizes.set(coordinate, listSizeOf(directive));
    }
  };
  for (const definition of schema.definitions) {
    if (!isTypeDefinitionNode(definition) && !isTypeExtensionNode(definition)) continue;
    const type = definition.name.value;
    add(type, definition);
    if (!('fields' in definition)) continue;
    for (const field of definition.fields ?? []) {
      add(`${type}.${field.name.value}`, field);
      if (field.kind !== Kind.FIELD_DEFINITION) continue;
      for (const argument of field.arguments ?? [])
        add(`${type}.${field.name.value}(${argument.name.value}:)`, argument);
    }
  }
  return { weights, listSizes };
}

/** A directive that `@link` does not import bears the name of its specification: `@cost` and `@cost__listSize`. */
function directiveNames(schema: DocumentNode): DirectiveNames {
  const links = schema.definitions
    .flatMap((definition) =>
      definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
        ? (definition.directives ?? [])
        : [],
    )
    .filter(({ name }) => name.value === 'link')
    .map(argumentsOf);
  const link = links.find(({ url }) => typeof url === 'string' && COST_SPECIFICATION.test(url));
  if (!link) return { cost: 'cost', listSize: 'listSize' };
  const namespace = typeof link['as'] === 'string' ? link['as'] : 'cost';
  const imports = Array.isArray(link['import']) ? (link['import'] as unknown[]) : [];
  return {
    cost: importedAs(imports, '@cost') ?? namespace,
    listSize: importedAs(imports, '@listSize') ?? `${namespace}__listSize`,
  };
}

function importedAs(imports: readonly unknown[], name: string): string | undefined {
  for (const item of imports) {
    if (item === name) return name.slice(1);
    if (typeof item !== 'object' || item === null || !('name' in item) || item.name !== name) continue;
    return 'as' in item && typeof item.as === 'string' ? item.as.replace(/^@/, '') : name.slice(1);
  }
  return undefined;
}

function listSizeOf(directive: ConstDirectiveNode): ListSize {
  const { assumedSize, slicingArguments, sizedFields, requireOneSlicingArgument } = argumentsOf(directive);
  return {
    assumedSize: typeof assumedSize === 'number' ? assumedSize : undefined,
    slicingArguments: namesOf(slicingArguments),
    sizedFields: namesOf(sizedFields),
    requireOneSlicingArgument: requireOneSlicingArgument !== false,
  };
}

function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function argumentsOf(directive: ConstDirectiveNode): Record<string, unknown> {
  const given = directive.arguments ?? [];
  return Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
}

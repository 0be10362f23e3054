import {
  Kind,
  visit,
  type ArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DirectiveDefinitionNode,
  type DocumentNode,
  type SchemaDefinitionNode,
  type SchemaExtensionNode,
} from 'graphql';

/** Where clients write directives (GraphQL specification, 3.13). */
const EXECUTABLE = new Set([
  'QUERY',
  'MUTATION',
  'SUBSCRIPTION',
  'FIELD',
  'FRAGMENT_DEFINITION',
  'FRAGMENT_SPREAD',
  'INLINE_FRAGMENT',
  'VARIABLE_DEFINITION',
]);

/**
 * The directives for clients that subgraphs compose by `@composeDirective`. Apollo's library takes whatever comes by
 * `@link` out of the schema for clients (https://github.com/apollographql/federation/issues/2895).
 */
export class ExecutableDirectives {
  /** The supergraph, with those directives as if they were the graph's own. */
  readonly supergraph: DocumentNode;
  readonly #definitions: ReadonlyMap<string, DirectiveDefinitionNode>;

  constructor(supergraph: DocumentNode) {
    const executable = supergraph.definitions.filter(
      (definition): definition is DirectiveDefinitionNode =>
        definition.kind === Kind.DIRECTIVE_DEFINITION &&
        definition.locations.some(({ value }) => EXECUTABLE.has(value)),
    );
    const byName = new Map(executable.map((definition) => [definition.name.value, definition]));
    const linked = new Set<string>();
    const unlinked = <Node extends SchemaDefinitionNode | SchemaExtensionNode>(schema: Node): Node => ({
      ...schema,
      directives: schema.directives?.filter((directive) => {
        const names = [...byName.keys()].filter((name) => isBroughtBy(directive, name));
        for (const name of names) linked.add(name);
        return names.length === 0;
      }),
    });
    const definitions = supergraph.definitions.map((definition) =>
      definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
        ? unlinked(definition)
        : definition,
    );
    this.supergraph = linked.size === 0 ? supergraph : { ...supergraph, definitions };
    this.#definitions = new Map([...byName].filter(([name]) => linked.has(name)));
  }

  /** Writes defaults out: subgraphs that define the directive with other ones, or with none, are meant the same. */
  withDefaults(operation: DocumentNode): DocumentNode {
    if (this.#definitions.size === 0) return operation;
    return visit(operation, {
      Directive: (directive) => {
        const defaults = this.#definitions.get(directive.name.value)?.arguments ?? [];
        const missing = defaults.flatMap(({ name, defaultValue }): ArgumentNode[] =>
          defaultValue && !directive.arguments?.some((given) => given.name.value === name.value)
            ? [{ kind: Kind.ARGUMENT, name, value: defaultValue }]
            : [],
        );
        return missing.length === 0
          ? undefined
          : { ...directive, arguments: [...(directive.arguments ?? []), ...missing] };
      },
    });
  }
}

/** Whether a directive of this name comes by `@link(url: "https://…/access/v1.0", import: ["@mask", { name: "@a", as: "@b" }])`. */
function isBroughtBy(link: ConstDirectiveNode, name: string): boolean {
  if (link.name.value !== 'link') return false;
  const given = new Map(link.arguments?.map((argument) => [argument.name.value, argument.value]));
  const feature = textOf(given.get('as')) ?? featureOf(textOf(given.get('url')) ?? '');
  const imports = given.get('import');
  const imported = imports?.kind === Kind.LIST ? imports.values.map(importedName) : [];
  return imported.includes(`@${name}`) || name === feature || name.startsWith(`${feature}__`);
}

/** The name of a feature is the part of its URL before the version (https://specs.apollo.dev/link/v1.0/#Url). */
function featureOf(url: string): string {
  const parts = url.split('/').filter((part) => part !== '');
  return (/^v\d+\.\d+$/.test(parts.at(-1) ?? '') ? parts.at(-2) : parts.at(-1)) ?? '';
}

function importedName(value: ConstValueNode): string | undefined {
  if (value.kind !== Kind.OBJECT) return textOf(value);
  const fields = new Map(value.fields.map((field) => [field.name.value, field.value]));
  return textOf(fields.get('as') ?? fields.get('name'));
}

function textOf(value: ConstValueNode | undefined): string | undefined {
  return value?.kind === Kind.STRING ? value.value : undefined;
}

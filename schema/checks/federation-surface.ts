import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
} from 'graphql';

type Entity = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * What gateways with the earlier supergraph rely on in a subgraph, beside its fields: keys that resolve, and what
 * fields require. They go on asking for it while a new supergraph is rolled out. Messages by coordinate.
 */
export function surfaceChanges(before: string, after: string): ReadonlyMap<string, string> {
  const [earlier, later] = [entitiesOf(parse(before)), entitiesOf(parse(after))];
  const changes = new Map<string, string>();
  for (const [name, type] of earlier) {
    const now = later.get(name);
    if (now === undefined) continue; // A removed type is found as such.
    const kept = new Set(resolvableKeys(now));
    for (const key of resolvableKeys(type))
      if (!kept.has(key)) changes.set(`${name} @key(${key})`, `${name} is no longer found by its key \`${key}\``);
    for (const field of type.fields ?? []) {
      const current = now.fields?.find((candidate) => candidate.name.value === field.name.value);
      if (current === undefined) continue;
      const [required, requires] = [requirementOf(field), requirementOf(current)];
      if (requires !== undefined && requires !== required)
        changes.set(
          `${name}.${field.name.value}`,
          `${name}.${field.name.value} requires \`${requires}\`, which earlier supergraphs do not send (\`${required ?? ''}\`)`,
        );
    }
  }
  return changes;
}

/** Coordinates of fields that a subgraph takes over from another by `@override`, by the other's name. */
export function overriddenFields(sdls: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const taken = new Map<string, Set<string>>();
  for (const sdl of sdls)
    for (const [type, { fields = [] }] of entitiesOf(parse(sdl)))
      for (const field of fields) {
        const from = argumentOf(directive(field, 'override'), 'from');
        if (from === undefined) continue;
        const coordinates = taken.get(from) ?? new Set<string>();
        taken.set(from, coordinates.add(`${type}.${field.name.value}`));
      }
  return taken;
}

const entitiesOf = ({ definitions }: DocumentNode): ReadonlyMap<string, Entity> =>
  new Map(
    definitions
      .filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION)
      .map((node) => [node.name.value, node]),
  );

function resolvableKeys({ directives = [] }: Entity): string[] {
  return directives
    .filter((node) => node.name.value === 'key' && argumentOf(node, 'resolvable') !== 'false')
    .map((node) => normal(argumentOf(node, 'fields') ?? ''));
}

function requirementOf(field: FieldDefinitionNode): string | undefined {
  const fields = argumentOf(directive(field, 'requires'), 'fields');
  return fields === undefined ? undefined : normal(fields);
}

const directive = (field: FieldDefinitionNode, name: string): ConstDirectiveNode | undefined =>
  field.directives?.find((node) => node.name.value === name);

function argumentOf(node: ConstDirectiveNode | undefined, name: string): string | undefined {
  const value = node?.arguments?.find((argument) => argument.name.value === name)?.value;
  if (value?.kind === Kind.STRING) return value.value;
  return value?.kind === Kind.BOOLEAN ? String(value.value) : undefined;
}

const normal = (fieldSet: string): string => fieldSet.replaceAll(/\s+/g, ' ').trim();

import {
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type TypeNode,
} from 'graphql';
import { taggedAudiences } from '../../gateway/index.js';
import { AUDIENCES, type Audience } from '../../kernel/federation/audience.js';

type FieldedType = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/** The built-in roles that hold a permission, by the permission. */
export type RolesByPermission = ReadonlyMap<string, readonly string[]>;

/**
 * Where the supergraph leaves open whom a field is for: each field has one audience by its own tag or else its type's,
 * answers no type for a wider audience, and is for operators at least when only roles of the platform may read it.
 */
export function audienceFaults(supergraph: DocumentNode, roles: RolesByPermission): string[] {
  const types = supergraph.definitions.filter(
    (node): node is FieldedType =>
      (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION) &&
      !node.name.value.includes('__'),
  );
  const byType = new Map(types.map((type) => [type.name.value, taggedAudiences(type)]));
  return types.flatMap((type) => (type.fields ?? []).flatMap((field) => faultsOf(type, field, byType, roles)));
}

function faultsOf(
  type: FieldedType,
  field: FieldDefinitionNode,
  byType: ReadonlyMap<string, readonly Audience[]>,
  roles: RolesByPermission,
): string[] {
  const coordinate = `${type.name.value}.${field.name.value}`;
  const ofType = taggedAudiences(type);
  const own = taggedAudiences(field);
  const [audience, ...others] = own.length > 0 ? own : ofType;
  if (audience === undefined) return [`${coordinate} is for nobody: tag it, or its type, with an audience`];
  if (others.length > 0) return [`${coordinate} has more than one audience: ${[audience, ...others].join(', ')}`];
  const faults: string[] = [];
  if (ofType.some((outer) => rank(outer) > rank(audience)))
    faults.push(
      `${coordinate} is ${audience}, its type ${ofType.join(', ')}: a field is not for more than its type is`,
    );
  const answered = nameOf(field.type);
  const answeredAudience = byType.get(answered)?.find((other) => rank(other) > rank(audience));
  if (answeredAudience !== undefined)
    faults.push(`${coordinate} is ${audience} and answers ${answered}, which is ${answeredAudience}`);
  const permission = permissionOf(field);
  const holders = permission === undefined ? [] : (roles.get(permission) ?? []);
  if (audience === 'public' && holders.length > 0 && holders.every((role) => role.startsWith('platform_')))
    faults.push(`${coordinate} is public, and only ${holders.join(', ')} hold ${permission}`);
  return faults;
}

const rank = (audience: Audience): number => AUDIENCES.indexOf(audience);

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));

function permissionOf({ directives = [] }: FieldDefinitionNode): string | undefined {
  const access = directives.find(({ name }) => name.value === 'access');
  const value = access?.arguments?.find(({ name }) => name.value === 'permission')?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

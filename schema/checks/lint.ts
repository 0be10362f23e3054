import graphqlPlugin, { parser, rules } from '@graphql-eslint/eslint-plugin';
import { ESLint, type Linter } from 'eslint';
import { LINT_EXCEPTIONS } from '../exceptions.js';
import { exceptedFindings } from './excepted-findings.js';
import type { Finding } from './finding.js';

export const LINT = 'graphql-eslint';

/**
 * The rules of graphql-eslint that our conventions share. Left out with intent: `alphabetize` (fields stand in the
 * order that explains them), `strict-id-in-types` (value types have no identity), `require-nullable-result-in-root` (a
 * payload is itself never null), `require-field-of-type-query-in-mutation-result` (a payload holds what changed), and
 * what our own checks say better: descriptions and deprecations.
 */
const RULES: Linter.RulesRecord = {
  'description-style': 'error',
  'input-name': ['error', { checkInputType: false, caseSensitiveInputType: false }],
  'naming-convention': [
    'error',
    {
      types: 'PascalCase',
      FieldDefinition: 'camelCase',
      InputValueDefinition: 'camelCase',
      Argument: 'camelCase',
      DirectiveDefinition: 'camelCase',
      EnumValueDefinition: 'UPPER_CASE',
      'FieldDefinition[parent.name.value=Query]': { forbiddenPrefixes: ['query', 'get', 'list', 'fetch'] },
      'FieldDefinition[parent.name.value=Mutation]': {
        forbiddenPrefixes: ['mutation', 'create', 'update', 'delete', 'set'],
      },
      'FieldDefinition[parent.name.value=Subscription]': { requiredSuffixes: ['Events'] },
      InputObjectTypeDefinition: { requiredSuffixes: ['Input'] },
      EnumTypeDefinition: { forbiddenSuffixes: ['Enum'] },
      InterfaceTypeDefinition: { forbiddenPrefixes: ['I[A-Z]'], forbiddenSuffixes: ['Interface'] },
      ObjectTypeDefinition: { forbiddenSuffixes: ['Type', 'Object'] },
    },
  ],
  'no-hashtag-description': 'error',
  'no-scalar-result-type-on-mutation': 'error',
  'no-typename-prefix': 'error',
  'no-unreachable-types': 'error',
  'relay-arguments': ['error', { includeBoth: true }],
  'relay-connection-types': 'error',
  // Lists of values that are bounded need no paging: rule 3, which our own conventions check.
  'relay-edge-types': [
    'error',
    { withEdgeSuffix: true, listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: true },
  ],
  'relay-page-info': 'error',
  'require-deprecation-reason': 'error',
};

/** What the linter says of a graph, as `rule: message (line n)`. */
async function lintMessages(sdl: string): Promise<string[]> {
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: {
      files: ['**/*.graphql'],
      plugins: { '@graphql-eslint': { ...graphqlPlugin, rules } as unknown as ESLint.Plugin },
      languageOptions: { parser, parserOptions: { graphQLConfig: { schema: sdl } } },
      rules: Object.fromEntries(Object.entries(RULES).map(([rule, entry]) => [`@graphql-eslint/${rule}`, entry])),
    },
  });
  const [result] = await eslint.lintText(sdl, { filePath: 'schema/api.graphql' });
  return (result?.messages ?? []).map(
    ({ ruleId, message, line }) => `${ruleId?.replace('@graphql-eslint/', '') ?? 'syntax'}: ${message} (line ${line})`,
  );
}

/** Lints a graph. */
export async function lintFindings(
  sdl: string,
  exceptions: Readonly<Record<string, string>> = LINT_EXCEPTIONS,
): Promise<Finding[]> {
  // The line that a message stands on may change; what it says of which element does not.
  return exceptedFindings(LINT, await lintMessages(sdl), exceptions, (message) =>
    message.replace(/ \(line \d+\)$/, ''),
  );
}

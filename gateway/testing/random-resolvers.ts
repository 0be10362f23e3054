import {
  getNullableType,
  GraphQLError,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  responsePathAsArray,
  type GraphQLEnumType,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';
import { randomNumbers } from './random-operation.js';

/** What resolvers answer depends on these and on where they stand, and on nothing else. */
export interface RandomAnswers {
  seed: number;
  /** How often an answer is wrong in some way. */
  faultChance: number;
  /** How often an answer is a promise. */
  promiseChance: number;
}

/**
 * Gives every field of a schema a resolver that answers at random: values, promises, nulls, errors returned, thrown and
 * rejected, values of a wrong type, lists of many kinds; or, for a part of the fields, a property for the default resolver.
 */
export function resolveAtRandom(schema: GraphQLSchema, answers: RandomAnswers): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (isReadByDefault(type, field.name, field.type)) delete field.resolve;
      else field.resolve = randomResolver(schema, answers);
    }
    if (numbersAt(answers, `isTypeOf ${type.name}`)() < 0.2) {
      type.isTypeOf = (value) => {
        const isOfType = (value as { wrong?: boolean }).wrong !== true;
        return type.name.length % 2 === 0 ? isOfType : Promise.resolve(isOfType);
      };
    }
  }
}

function isReadByDefault(type: GraphQLObjectType, name: string, returnType: GraphQLOutputType): boolean {
  return isLeafType(getNullableType(returnType)) && (type.name.length + name.length) % 2 === 0;
}

function randomResolver(schema: GraphQLSchema, answers: RandomAnswers): GraphQLFieldResolver<unknown, unknown> {
  return (_source, args, _context, info) => {
    const place = responsePathAsArray(info.path).join('.');
    const random = numbersAt(answers, place);
    if (random() < answers.faultChance / 4) throw new GraphQLError(`thrown at ${place}`, { extensions: { code: 'X' } });
    return new ValueMaker(schema, answers, random, tell(args, info)).value(info.returnType);
  };
}

/** Everything that a resolver was told, as text: what is answered shows whether it was right. */
function tell(args: unknown, info: GraphQLResolveInfo): string {
  const { fieldName, fieldNodes, fragments, operation, parentType, path, returnType, rootValue, variableValues } = info;
  const places = fieldNodes.map(({ alias, name }) => alias?.value ?? name.value);
  const told = [fieldName, parentType.name, path.typename, String(returnType), operation.operation, places];
  return JSON.stringify([...told, args, responsePathAsArray(path), variableValues, rootValue, Object.keys(fragments)]);
}

class ValueMaker {
  readonly #schema: GraphQLSchema;
  readonly #answers: RandomAnswers;
  readonly #random: () => number;
  readonly #told: string;

  constructor(schema: GraphQLSchema, answers: RandomAnswers, random: () => number, told: string) {
    this.#schema = schema;
    this.#answers = answers;
    this.#random = random;
    this.#told = told;
  }

  value(type: GraphQLOutputType): unknown {
    const { faultChance, promiseChance } = this.#answers;
    const isFault = this.#random() < faultChance;
    if (this.#random() >= promiseChance) return isFault ? this.#fault() : this.#sound(type);
    if (isFault && this.#random() < 0.5) return rejected();
    const value = isFault ? this.#fault() : this.#sound(type);
    const promise = Promise.resolve(value);
    // oxlint-disable-next-line unicorn/no-thenable -- promises of another make are part of what is tested
    return this.#random() < 0.7 ? promise : { then: promise.then.bind(promise) };
  }

  #fault(): unknown {
    const faults = [
      null,
      undefined,
      new Error('returned'),
      Number.NaN,
      { wrong: true, __typename: 'Nothing' },
      { wrong: true },
      [[]],
      'text',
      () => 1,
      Symbol.iterator,
    ];
    return faults[Math.floor(this.#random() * faults.length)];
  }

  #sound(type: GraphQLOutputType): unknown {
    if (isNonNullType(type)) return this.#sound(type.ofType);
    if (this.#random() < 0.05) return null;
    if (isListType(type)) return this.#list(type.ofType);
    if (isLeafType(type)) return this.#leaf(type);
    if (isObjectType(type)) return this.#object(type);
    if (!isAbstractType(type)) throw new Error(`cannot make a ${String(type)}`);
    const possible = this.#schema.getPossibleTypes(type);
    const picked = possible[Math.floor(this.#random() * possible.length)];
    return picked ? this.#object(picked) : null;
  }

  #list(type: GraphQLOutputType): unknown {
    const items = Array.from({ length: Math.floor(this.#random() * 4) }, () => this.value(type));
    const kind = this.#random();
    if (kind < 0.8) return items;
    if (kind < 0.9) return new Set(items);
    return (function* generate() {
      yield* items;
    })();
  }

  #leaf(type: GraphQLScalarType | GraphQLEnumType): unknown {
    if (isEnumType(type)) return type.getValues()[0]?.value;
    const number = Math.floor(this.#random() * 100);
    switch (type.name) {
      case 'Int':
      case 'Float':
        return number;
      case 'Boolean':
        return number % 2 === 0;
      default:
        return number % 5 === 0 ? number : this.#told;
    }
  }

  /** With properties for the fields that have no resolver; some of them are methods. */
  #object(type: GraphQLObjectType): unknown {
    const object: Record<string, unknown> = { __typename: type.name };
    for (const field of Object.values(type.getFields())) {
      if (!isReadByDefault(type, field.name, field.type)) continue;
      const value = this.value(field.type);
      object[field.name] =
        this.#random() < 0.2
          ? (args: unknown, _context: unknown, info: GraphQLResolveInfo) => (isObject(value) ? value : tell(args, info))
          : value;
    }
    return object;
  }
}

/** It may never be looked at. */
function rejected(): Promise<never> {
  const promise = Promise.reject(new Error('rejected'));
  promise.catch(() => undefined);
  return promise;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object';
}

function numbersAt({ seed }: RandomAnswers, place: string): () => number {
  let hash = seed;
  for (const character of place) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  const random = randomNumbers(hash);
  random();
  return random;
}

import 'reflect-metadata';
import { Directive } from 'type-graphql';
import type { Audience } from './audience.js';

type TypeOrField = PropertyDecorator & MethodDecorator & ClassDecorator;

const quote = (text: string): string => JSON.stringify(text);

/** Federation `@key`: the fields by which other subgraphs refer to the entity. */
export const Key = (fields = 'id', options: { isResolvable?: boolean } = {}): TypeOrField =>
  Directive(`@key(fields: ${quote(fields)}${options.isResolvable === false ? ', resolvable: false' : ''})`);
export const Shareable = (): TypeOrField => Directive('@shareable');

/** The audience of a type or field; contract graphs are filtered by it. A field's own goes before its type's. */
export const Tag = (name: Audience): TypeOrField => Directive(`@tag(name: ${quote(name)})`);

/** IBM cost specification: the weight of resolving this field once. Default is 1 for objects and 0 for leaves. */
export const Cost = (weight: number): TypeOrField => Directive(`@cost(weight: ${weight})`);

/** IBM cost specification: how long this list can be. */
export const ListSize = (options: {
  assumedSize?: number;
  slicingArguments?: readonly string[];
  sizedFields?: readonly string[];
  requireOneSlicingArgument?: boolean;
}): TypeOrField => {
  const parts = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return Directive(`@listSize(${parts.join(', ')})`);
};

/**
 * Our own: the caller must hold this permission somewhere. The gateway checks it before planning; the subgraph checks
 * the exact scope again.
 */
export const Access = (permission: string): TypeOrField => Directive(`@access(permission: ${quote(permission)})`);

import 'reflect-metadata';
import { ArgsType, Field, Int } from 'type-graphql';
import { Cursor } from './scalars.js';

/** The arguments of every connection: `@Args(() => PageArgs) page`. Extend it to add filters. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many items from the start (1 to 100; 20 when neither is given).',
  })
  first?: number;
  @Field(() => Cursor, { nullable: true, description: 'Continue after this cursor; goes with `first`.' })
  after?: string;
  @Field(() => Int, { nullable: true, description: 'How many items from the end (1 to 100).' })
  last?: number;
  @Field(() => Cursor, { nullable: true, description: 'Continue before this cursor; goes with `last`.' })
  before?: string;
}

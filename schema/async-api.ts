import { z } from 'zod';
import type { EventType } from '../kernel/events/event-type.js';

/** The AsyncAPI 3.0 document of all events: one channel a domain, CloudEvents 1.0 messages. */
export function asyncApiDocument(events: readonly EventType[]): string {
  const domains = [...new Set(events.map((event) => domainOf(event)))].sort();
  const channels = Object.fromEntries(
    domains.map((domain) => [
      domain,
      {
        address: `events.${domain}.>`,
        description: `Events of the domain ${domain}, in the order of the event log.`,
        messages: Object.fromEntries(
          events
            .filter((event) => domainOf(event) === domain)
            .map((event) => [event.type, { $ref: `#/components/messages/${event.type}` }]),
        ),
      },
    ]),
  );
  const messages = Object.fromEntries(events.map((event) => [event.type, message(event)]));
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'GPU control plane events',
      version: '1.0.0',
      description:
        'CloudEvents 1.0. The same events stream over GraphQL subscriptions, with the log position as cursor.',
    },
    channels,
    components: { messages },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const domainOf = (event: EventType): string => event.type.split('.', 1)[0] ?? '';

function message(event: EventType): object {
  return {
    name: event.type,
    title: event.type,
    summary: event.description,
    contentType: 'application/cloudevents+json',
    payload: {
      type: 'object',
      required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'data'],
      properties: {
        specversion: { const: '1.0' },
        id: { type: 'string' },
        source: { type: 'string' },
        type: { const: event.type },
        subject: { type: 'string', description: `Identifier of the ${event.subjectType}.` },
        time: { type: 'string', format: 'date-time' },
        organizationid: { type: ['string', 'null'] },
        projectid: { type: ['string', 'null'] },
        correlationid: { type: 'string' },
        actorid: { type: 'string' },
        data: z.toJSONSchema(event.data, { io: 'output', unrepresentable: 'any' }),
      },
    },
  };
}

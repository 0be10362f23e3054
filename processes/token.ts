import './node-version.js';
import { loadConfiguration } from '../kernel/configuration/configuration.js';
import { developmentConfiguration } from './development/development-configuration.js';
import { developmentToken } from './development/graphiql-credentials.js';
import { MEMBER, OPERATOR, OWNER, STRANGER } from './development/people.js';

const PEOPLE: Readonly<Record<string, string>> = {
  operator: OPERATOR.subject,
  owner: OWNER.subject,
  member: MEMBER.subject,
  stranger: STRANGER.subject,
};

/** Prints an access token of a person of the development directory, for `curl` and the like. */
const subject = PEOPLE[process.argv[2] ?? ''];
if (subject === undefined) {
  process.stderr.write(`usage: npm run --silent token -- ${Object.keys(PEOPLE).join('|')}\n`);
  process.exitCode = 2;
} else {
  const configuration = developmentConfiguration(loadConfiguration(process.env));
  const { token } = await developmentToken(configuration, subject).catch((error: unknown) => {
    process.stderr.write(
      `No token: is the platform running at ${configuration.publicUrl}? (${(error as Error).message})\n`,
    );
    process.exit(1);
  });
  process.stdout.write(`${token}\n`);
}

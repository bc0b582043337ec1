/** A process of its own for certificates: one order on standard input, one answer on standard output, both JSON. */
import { text } from 'node:stream/consumers';
import * as operations from './operations.ts';

const byName = { ...operations };

const { operation, order } = JSON.parse(await text(process.stdin)) as {
  operation: keyof typeof operations;
  order: never;
};
const answer = await byName[operation](order).then(
  (result) => ({ result }),
  (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
);
process.stdout.write(JSON.stringify(answer));

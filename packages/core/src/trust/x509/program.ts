/** A process of its own for certificates: one order on standard input, one answer on standard output, both JSON. */
import { text } from 'node:stream/consumers';
import {
  issue,
  makeAuthority,
  makeRequest,
  makeServerCertificate,
  makeServingCertificate,
  readRequest,
} from './operations.ts';
import type { Operations } from './run.ts';

const operations: Operations = {
  issue,
  makeAuthority,
  makeRequest,
  makeServerCertificate,
  makeServingCertificate,
  readRequest,
};

const { operation, order } = JSON.parse(await text(process.stdin)) as { operation: keyof Operations; order: never };
const answer = await operations[operation](order).then(
  (result) => ({ result }),
  (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
);
process.stdout.write(JSON.stringify(answer));

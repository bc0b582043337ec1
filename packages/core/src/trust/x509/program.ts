/** A process of its own for certificates: one order on standard input, one answer on standard output, both JSON. */
import { text } from 'node:stream/consumers';
import { issue, makeAuthority, makeRequest, readRequest } from './operations.ts';
import type { Operations } from './run.ts';

const operations: Operations = { issue, makeAuthority, makeRequest, readRequest };

const { operation, order } = JSON.parse(await text(process.stdin)) as { operation: keyof Operations; order: never };
try {
  process.stdout.write(JSON.stringify(await operations[operation](order)));
} catch (error) {
  // The stack is of no use to who reads it in a condition.
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** The answer on standard output. A runtime that gets half of it must not be told that all went well. */
import { writeSync } from 'node:fs';
import type { JsonObject } from './json.ts';
import { now, writable } from './system.ts';

const timeoutMs = 10_000;
/** What a pipe that can be written takes without a wait (PIPE_BUF of linux/limits.h). */
const pieceBytes = 4096;

/** @throws Error when it cannot be written, or when nobody reads it */
export function writeOutput(answer: JsonObject): void {
  const deadline = now() + timeoutMs;
  const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
  let written = 0;
  while (written < bytes.length) {
    if (!writable(1, deadline)) throw new Error(`nobody read the answer within ${timeoutMs / 1000} s`);
    written += writeSync(1, bytes, written, Math.min(pieceBytes, bytes.length - written));
  }
}

/** For people, where it can be told without a wait. */
export function writeError(text: string): void {
  if (writable(2, now())) writeSync(2, `${text}\n`);
}

#!/usr/bin/env node
/** `npm create @dpu-operator/plugin`. Exit codes: 1 for a failure, 2 for wrong use, 130 when it was interrupted. */
import { Cancelled, UsageError } from './answers.ts';
import { run } from './command.ts';
import { ask } from './prompts.ts';

try {
  await run(process.argv, {
    isInteractive: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    ask,
    print: (text) => console.log(text),
    environment: process.env,
  });
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Cancelled) return 130;
  // What the file system refuses needs no stack.
  const isForeseen = error instanceof UsageError || (error instanceof Error && 'syscall' in error);
  if (!isForeseen) throw error;
  process.stderr.write(`${error.message}\n`);
  return error instanceof UsageError ? 2 : 1;
}

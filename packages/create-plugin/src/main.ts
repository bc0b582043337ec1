#!/usr/bin/env node
/** `npm create @dpu-operator/plugin`. */
import { UsageError } from './answers.ts';
import { run } from './command.ts';
import { ask } from './prompts.ts';

try {
  await run(process.argv, {
    isInteractive: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    ask,
    print: (text) => console.log(text),
  });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

/** The `dpu-vsp` command: what a VSP pod runs. */
import { DpuError } from '../errors.ts';
import { parseCommand } from './command.ts';
import { run } from './run.ts';

try {
  await parseCommand(process.argv, run);
} catch (error) {
  const { code, message } = DpuError.from(error);
  // A bug is told with its stack, everything else in one line.
  const text = code === 'INTERNAL' && error instanceof Error ? (error.stack ?? message) : message;
  process.stderr.write(`dpu-vsp: ${text}\n`);
  process.exit(code === 'INVALID_ARGUMENT' ? 2 : code === 'FAILED_PRECONDITION' ? 3 : 1);
}

/** The `dpu-vsp` command: what a VSP pod runs. */
import { parseCommand } from './command.ts';
import { endWith } from './end.ts';
import { run } from './run.ts';

try {
  await parseCommand(process.argv, run);
} catch (error) {
  endWith(error);
}

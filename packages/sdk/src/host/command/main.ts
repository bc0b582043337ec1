/** The `dpu-vsp` command: what a VSP pod runs. */
import { parseCommand } from './command.ts';
import { endWith } from './end.ts';
import { run } from './run.ts';

/** The oldest major version that has all that is used; in an older one the first thing that lacks would be blamed. */
const oldestNode = 24;
if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(`dpu-vsp needs Node ${oldestNode} or later, this is ${process.versions.node}\n`);
  process.exit(3);
}
try {
  await parseCommand(process.argv, run);
} catch (error) {
  endWith(error);
}

/** What the machine must have. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';

/** With the Debian package of each. */
const programs: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  mount: 'mount',
  nsenter: 'util-linux',
  ping: 'iputils-ping',
  tee: 'coreutils',
  unshare: 'util-linux',
};

/** That of package.json's `engines`. */
const oldestNode = 24;

export interface Machine {
  platform: string;
  uid: number | undefined;
  /** Version of Node, which may be another one with sudo. */
  node: string;
  /** Whether a program is on the PATH. */
  has(program: string): boolean;
}

/**
 * @param ofPlugin programs that the plugin's manifest names
 * @throws DpuError naming everything that is missing
 */
export function checkMachine(ofPlugin: readonly string[], machine: Machine = thisMachine()): void {
  if (machine.platform !== 'linux') {
    throw new DpuError('FAILED_PRECONDITION', `dpu-vsp dev needs Linux, for its network namespaces`);
  }
  if (Number.parseInt(machine.node, 10) < oldestNode) {
    throw new DpuError('FAILED_PRECONDITION', `dpu-vsp dev needs Node ${oldestNode} or later, this is ${machine.node}`);
  }
  if (machine.uid !== 0) {
    const why = 'it makes network namespaces and gives them to the plugin as its nodes';
    throw new DpuError('PERMISSION_DENIED', `dpu-vsp dev needs root (${why}); run: sudo npx dpu-vsp dev`);
  }
  const own = Object.entries(programs)
    .filter(([program]) => !machine.has(program))
    .map(([program, from]) => `${program} (of ${from})`);
  const plugins = ofPlugin.filter((program) => !machine.has(program)).map((program) => `${program} (dpu.programs)`);
  const missing = [...own, ...plugins];
  if (missing.length > 0) {
    throw new DpuError('FAILED_PRECONDITION', `dpu-vsp dev does not find on the PATH: ${missing.join(', ')}`);
  }
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    node: process.versions.node,
    has: (program) => (process.env.PATH ?? '').split(delimiter).some((directory) => isExecutable(directory, program)),
  };
}

function isExecutable(directory: string, program: string): boolean {
  try {
    accessSync(join(directory, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

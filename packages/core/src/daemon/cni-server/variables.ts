/**
 * What may be in the variables of a request. `dpu-cni` refuses much of it before; the server trusts no executable to
 * have done so, since names become paths, log lines and names in the kernel.
 */
import { CniError, cniCodes } from '../../cni-error.ts';

export interface VariableRule {
  accepts(value: string): boolean;
  expected: string;
}

const fitsKernel = (name: Buffer): boolean => name.length <= 15 && !name.includes(0xa0);

export const rules = {
  /** The specification's rule; the length is what a file name may have. */
  containerId: {
    accepts: (value) => value.length <= 255 && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value),
    expected: 'at most 255 letters, digits, ".", "_" and "-"',
  },
  /** What DEL needs to know of it. */
  anyContainerId: {
    accepts: (value) => /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value),
    expected: 'letters, digits, ".", "_" and "-"',
  },
  anyIfName: {
    accepts: (value) => value !== '',
    expected: 'set',
  },
  /**
   * What the kernel takes as a name (dev_valid_name in net/core/dev.c). It knows bytes only, and 0xa0 is a space to
   * it. `%` is a pattern (`eth%d` becomes `eth0`); "all" and "default" are directories in /proc/sys/net/ipv4/conf.
   */
  ifName: {
    accepts: (value) => /^(?!(?:\.{1,2}|all|default)$)[^/:%\s]+$/.test(value) && fitsKernel(Buffer.from(value)),
    expected: 'at most 15 bytes without "/", ":", "%" and white space',
  },
  /** PATH_MAX of linux/limits.h, with the NUL at its end. */
  netns: {
    accepts: (value) => value.startsWith('/') && Buffer.byteLength(value) < 4096,
    expected: 'an absolute path',
  },
  /** Names of pods and namespaces (DNS subdomains), and their UIDs. */
  podName: {
    accepts: (value) => value.length <= 253 && /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(value),
    expected: 'at most 253 letters, digits, "-" and "."',
  },
} as const satisfies Record<string, VariableRule>;

/** @throws CniError 4 naming a variable that no process could have */
export function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    const forbidden = name.startsWith('CNI_') ? /\p{Cc}/u : /\0/;
    if (name !== '' && !/[=\0]/.test(name) && !forbidden.test(value)) continue;
    const what = `environment variable ${JSON.stringify(name)}`;
    throw new CniError(cniCodes.invalidEnvironment, `${what}: control characters cannot be in it`);
  }
}

/** CNI_ARGS is `NAME=value;NAME=value`. */
export function parseArgs(text: string): Map<string, string> {
  const args = new Map<string, string>();
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0) args.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return args;
}

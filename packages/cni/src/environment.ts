/** The parameters that a runtime gives in the environment. */
import { CniError, type Command, codes, commands } from './spec.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function fitsKernel(name: Uint8Array): boolean {
  for (const byte of name) {
    if (byte === 0xa0) return false;
  }
  return name.length <= 15;
}

interface Rule {
  accepts(value: string): boolean;
  expected: string;
}

/** The specification's rule; the length is what a file name may have. */
const containerId: Rule = {
  accepts: (value) => value.length <= 255 && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value),
  expected: 'at most 255 letters, digits, ".", "_" and "-"',
};

/**
 * What the kernel takes as a name (dev_valid_name in net/core/dev.c). It knows bytes only, and 0xa0 is a space to it.
 * `%` is a pattern (`eth%d` becomes `eth0`); "all" and "default" are directories in /proc/sys/net/ipv4/conf.
 */
const ifName: Rule = {
  accepts: (value) => fitsKernel(encode(value)) && !/^(?:\.{1,2}|all|default)$|[/:%\s\p{Cc}]/u.test(value),
  expected: 'at most 15 bytes without "/", ":", "%" and white space',
};

/** PATH_MAX of linux/limits.h, with the NUL at its end. */
const netns: Rule = {
  accepts: (value) => /^\/\P{Cc}*$/u.test(value) && encode(value).length < 4096,
  expected: 'an absolute path',
};

const rules: Readonly<Record<string, Rule>> = { CNI_CONTAINERID: containerId, CNI_IFNAME: ifName, CNI_NETNS: netns };

/** @throws CniError 4 naming the variable */
export function readCommand(variables: Variables): Command {
  const command = variables.CNI_COMMAND;
  if (!command) throw invalid('CNI_COMMAND is missing; container runtimes set it, people type dpu-cni --help');
  if (!isCommand(command)) throw invalid(`CNI_COMMAND is ${command}, not one of ${Object.keys(commands).join(', ')}`);
  for (const name of commands[command].needs) {
    const value = variables[name];
    if (!value) throw invalid(`${name} is missing, ${command} needs it`);
    // With a name that ADD refuses nothing was attached, and runtimes call DEL after an ADD that failed.
    const rule = command === 'DEL' ? undefined : rules[name];
    if (rule?.accepts(value) === false) throw invalid(`${name} must be ${rule.expected}, not ${JSON.stringify(value)}`);
  }
  return command;
}

/** All of them: IPAM plugins, which the daemon runs, get what they would get from a plugin that runs them itself. */
export function definedVariables(variables: Variables): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in variables) {
    const value = variables[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function isCommand(text: string): text is Command {
  return Object.hasOwn(commands, text);
}

function invalid(text: string): CniError {
  return new CniError(codes.invalidEnvironment, `environment variable ${text}`);
}

/** The parameters that a runtime gives in the environment. */
import { CniError, type Command, codes, commands } from './spec.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The specification's rules; what it says nothing about is any text. */
const rules: Readonly<Record<string, RegExp>> = {
  CNI_CONTAINERID: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
  CNI_IFNAME: /^(?!\.{1,2}$)[^/:\s]{1,15}$/,
};

/** @throws CniError 4 naming the variable */
export function readCommand(variables: Variables): Command {
  const command = variables.CNI_COMMAND;
  if (!command) throw invalid('CNI_COMMAND is missing; container runtimes set it, people type dpu-cni --help');
  if (!isCommand(command)) throw invalid(`CNI_COMMAND is ${command}, not one of ${Object.keys(commands).join(', ')}`);
  for (const name of commands[command].needs) {
    const value = variables[name];
    if (!value) throw invalid(`${name} is missing, ${command} needs it`);
    if (rules[name]?.test(value) === false) throw invalid(`${name} is not valid: ${JSON.stringify(value)}`);
  }
  return command;
}

/** Everything that starts with CNI_: IPAM plugins, which the daemon runs, may know more than we do. */
export function cniVariables(variables: Variables): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in variables) {
    const value = variables[name];
    if (name.startsWith('CNI_') && value !== undefined) found[name] = value;
  }
  return found;
}

function isCommand(text: string): text is Command {
  return Object.hasOwn(commands, text);
}

function invalid(text: string): CniError {
  return new CniError(codes.invalidEnvironment, `environment variable ${text}`);
}

/** The little of a network configuration that concerns the executable; the daemon looks at the rest. */
import { CniError, type Command, codes, commands, supportedVersions } from './spec.ts';

/** @returns its cniVersion. @throws CniError 6, 7 or 1 */
export function readVersion(text: string, command: Command): string {
  const config = parseObject(text);
  // The specification's first version had no such field.
  const { cniVersion = '0.1.0', name } = config;
  if (typeof cniVersion !== 'string' || !supportedVersions.includes(cniVersion)) {
    const known = supportedVersions.join(', ');
    throw new CniError(codes.incompatibleVersion, `cniVersion ${cniVersion} is not supported, only ${known}`);
  }
  const { since } = commands[command];
  // Not localeCompare: it loads the runtime's language data, which takes milliseconds.
  if (supportedVersions.indexOf(cniVersion) < supportedVersions.indexOf(since)) {
    const why = `${command} exists since version ${since}, the configuration has ${cniVersion}`;
    throw new CniError(codes.incompatibleVersion, why);
  }
  if (typeof name !== 'string' || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw new CniError(codes.invalidConfig, `network configuration: name is not valid: ${JSON.stringify(name)}`);
  }
  return cniVersion;
}

export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw new CniError(codes.decodingFailure, 'the network configuration on standard input is not a JSON object');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The little of a network configuration that concerns the executable; the daemon looks at the rest. */
import { isObject, type Json, type JsonObject, parseJson } from './json.ts';
import { CniError, type Command, codes, commands, newestVersion, oldestVersion, supportedVersions } from './spec.ts';

export type Config = JsonObject;

/** @throws CniError 6 */
export function parseConfig(text: string): Config {
  try {
    const value = parseJson(text);
    if (isObject(value)) return value;
  } catch {}
  throw new CniError(codes.decodingFailure, 'the network configuration on standard input is not a JSON object');
}

/** @returns its cniVersion. @throws CniError 1 or 7 */
export function readVersion(config: Config, command: Command): string {
  // The specification's first version had no such field.
  const cniVersion = config.cniVersion || oldestVersion;
  if (typeof cniVersion !== 'string' || !supportedVersions.includes(cniVersion)) {
    const known = supportedVersions.join(', ');
    const asked = JSON.stringify(cniVersion);
    throw new CniError(codes.incompatibleVersion, `cniVersion ${asked} is not supported, only ${known}`);
  }
  const { since } = commands[command];
  if (supportedVersions.indexOf(cniVersion) < supportedVersions.indexOf(since)) {
    const why = `${command} exists since version ${since}, the configuration has ${cniVersion}`;
    throw new CniError(codes.incompatibleVersion, why);
  }
  // Nothing is attached to a network whose name is not valid; its pod must be able to go all the same.
  if (command !== 'DEL') checkName(config.name ?? null);
  return cniVersion;
}

function checkName(name: Json): void {
  if (typeof name === 'string' && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  throw new CniError(codes.invalidConfig, `network configuration: name is not valid: ${JSON.stringify(name)}`);
}

/** The version in which a runtime reads an error: its own, where that much can be told. */
export function errorVersion(config: Config | undefined): string {
  const version = config?.cniVersion;
  return typeof version === 'string' && supportedVersions.includes(version) ? version : newestVersion;
}

import { isRange, versionFault } from './contract-version.ts';

/**
 * Version of what the plugin host hands to a plugin's module and takes from it: definePlugin, the context of create and what
 * create returns. It moves apart from that of the contract, which is what passes over the socket.
 */
export const hostApiVersion = '1.0.0';

/**
 * Why this host cannot load a plugin, and what to do about it; undefined where it can. To be asked before the manifest is
 * parsed, in which a plugin for a newer host may have fields that this version does not know.
 *
 * @param hostApi `dpu.hostApi` as it stands in package.json; what is no range at all is for the parser to refuse
 */
export function hostApiFault(hostApi: unknown, served: string = hostApiVersion): string | undefined {
  if (hostApi === undefined) {
    return `is missing: it says which versions of the plugin host's API the plugin works with, e.g. ^${served}`;
  }
  return typeof hostApi === 'string' && isRange(hostApi) ? versionFault('host API', hostApi, served) : undefined;
}

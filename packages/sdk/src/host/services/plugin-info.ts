import type { Server } from '@grpc/grpc-js';
import type { Capability, Plugin } from '../../contract.ts';
import { contractVersion } from '../../manifest/contract-version.ts';
import { pluginInfoService } from '../../wire/definitions.ts';
import { capabilities, pluginInfoToWire } from '../../wire/plugin-info.ts';
import { addUnaryService } from '../../wire/unary.ts';
import type { PluginSession } from '../session.ts';

/** Answers before Init as well. */
export function addPluginInfo(server: Server, session: PluginSession, name: string, version: string): void {
  const info = pluginInfoToWire({
    packageName: name,
    packageVersion: version,
    contractVersion,
    capabilities: capabilities.filter((capability) => implementedBy(session.plugin, capability)),
  });
  addUnaryService(server, pluginInfoService, { GetPluginInfo: async () => info }, session.logged);
}

function implementedBy(plugin: Plugin, capability: Capability): boolean {
  if (capability === 'deviceWatch') return plugin.watchDevices !== undefined;
  if (capability === 'deviceAllocation') return plugin.allocate !== undefined;
  return plugin[capability] !== undefined;
}

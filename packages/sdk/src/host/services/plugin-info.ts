import type { Server } from '@grpc/grpc-js';
import { contractVersion } from '../../manifest/contract-version.ts';
import { pluginInfoService } from '../../wire/grpc/definitions.ts';
import { addUnaryService } from '../../wire/grpc/unary.ts';
import { pluginInfoToWire } from '../../wire/mapping/plugin-info.ts';
import { capabilitiesOf } from '../plugin/capabilities.ts';
import { featuresOf } from '../plugin/features.ts';
import type { PluginSession } from '../session.ts';

/** Answers before Init as well, then without capabilities: they are known once the plugin is created. */
export function addPluginInfo(server: Server, session: PluginSession, name: string, version: string): void {
  const handlers = {
    GetPluginInfo: async () =>
      pluginInfoToWire({
        packageName: name,
        packageVersion: version,
        contractVersion,
        capabilities: session.created ? capabilitiesOf(session.created) : [],
        features: session.created ? featuresOf(session.created) : [],
      }),
  };
  addUnaryService(server, pluginInfoService, handlers, session.logged);
}

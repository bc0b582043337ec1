import type { Server } from '@grpc/grpc-js';
import { networkConfigService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import type { PluginSession } from '../../session.ts';

export function addNetworkConfig(server: Server, session: PluginSession): void {
  const handlers: UnaryHandlers<typeof networkConfigService> = {
    SetDpuNetworkConfig: async ({ isAccelerated }) => {
      await session.plugin.networkConfig?.setNetworkConfig({ isAccelerated });
      return {};
    },
  };
  addUnaryService(server, networkConfigService, handlers, session.call);
}

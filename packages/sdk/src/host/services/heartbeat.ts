import type { Server } from '@grpc/grpc-js';
import { heartbeatService, vendorHeartbeatService } from '../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/grpc/unary.ts';
import type { PluginSession } from '../session.ts';
import type { StatusBoard } from '../status/status-board.ts';

/** @param responderId Who answers: the node's name. */
export function addHeartbeat(
  server: Server,
  session: PluginSession,
  responderId: string,
  status: Pick<StatusBoard, 'unhealthy'>,
): void {
  const handlers: UnaryHandlers<typeof heartbeatService> = {
    Ping: async () => ({
      timestamp: String(BigInt(Date.now()) * 1_000_000n),
      responderId,
      healthy: status.unhealthy === undefined && ((await session.plugin.healthy?.()) ?? true),
    }),
  };
  for (const service of [heartbeatService, vendorHeartbeatService]) {
    addUnaryService(server, service, handlers, session.call);
  }
}

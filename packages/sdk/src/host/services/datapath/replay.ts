import type { Server } from '@grpc/grpc-js';
import { replayService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService } from '../../../wire/grpc/unary.ts';
import type { PluginSession } from '../../session.ts';

export function addReplay(server: Server, session: PluginSession): void {
  const handlers = {
    CompleteReplay: async () => {
      await session.completeReplay();
      return {};
    },
  };
  addUnaryService(server, replayService, handlers, session.queued);
}

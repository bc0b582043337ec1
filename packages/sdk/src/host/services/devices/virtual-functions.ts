import type { Server } from '@grpc/grpc-js';
import { DpuError } from '../../../errors.ts';
import { virtualFunctionService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import { virtualFunctionsToWire } from '../../../wire/mapping/virtual-functions.ts';
import { type PluginSession, requireCount } from '../../session.ts';

export function addVirtualFunctions(server: Server, session: PluginSession): void {
  const handlers: UnaryHandlers<typeof virtualFunctionService> = {
    GetVirtualFunctions: () =>
      session.call(virtualFunctionService.GetVirtualFunctions.path, async () => {
        const { plugin } = session;
        if (!plugin.virtualFunctions) throw lacks('virtualFunctions');
        return virtualFunctionsToWire(await plugin.virtualFunctions());
      }),
    SetNumVfsOfPf: ({ pf, vfCnt }) =>
      session.queued(virtualFunctionService.SetNumVfsOfPf.path, async () => {
        const { plugin } = session;
        if (!plugin.setNumVfsOf) throw lacks('setNumVfsOf');
        const count = await session.alone('SetNumVfsOfPf', async () => plugin.setNumVfsOf?.(pf, vfCnt));
        return { pf, vfCnt: requireCount('setNumVfsOf', count) };
      }),
  };
  addUnaryService(server, virtualFunctionService, handlers);
}

const lacks = (method: string): DpuError => new DpuError('UNIMPLEMENTED', `the plugin has no ${method}`);

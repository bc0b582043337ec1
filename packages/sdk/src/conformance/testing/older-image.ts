/** A VSP as the images of the Go operator are: `Vendor` names, one Init, Create and Delete only, errors without codes. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { DpuError } from '../../errors.ts';
import {
  bridgePortService,
  networkFunctionService,
  vendorDeviceService,
  vendorHeartbeatService,
  vendorLifeCycleService,
} from '../../wire/grpc/definitions.ts';
import { addUnaryService } from '../../wire/grpc/unary.ts';

export async function olderImage(socketPath: string): Promise<{ close(): void }> {
  let initialised = false;
  let vfs = 8;
  const ports = new Set<string>();
  const plain = (text: string) => new DpuError('UNKNOWN', text);
  const unimplemented = async () => {
    throw new DpuError('UNIMPLEMENTED', 'method not implemented');
  };
  const server = new Server();
  addUnaryService(server, vendorLifeCycleService, {
    Init: async ({ dpuMode }) => {
      if (initialised) throw plain(`VSP already initialized with mode: ${dpuMode ? 'dpu' : 'host'}`);
      initialised = true;
      return { ip: '10.0.0.1', port: 50151 };
    },
  });
  addUnaryService(server, vendorDeviceService, {
    GetDevices: async () => ({
      devices: Object.fromEntries(Array.from({ length: vfs }, (_, vf) => [`0000:01:00.${vf}`, { health: 'Healthy' }])),
    }),
    SetNumVfs: async ({ vfCnt }) => {
      if (vfCnt < 0 || vfCnt > 8) throw plain('write sriov_numvfs: numerical result out of range');
      vfs = vfCnt;
      return { vfCnt };
    },
  });
  addUnaryService(server, vendorHeartbeatService, { Ping: unimplemented });
  addUnaryService(server, bridgePortService, {
    CreateBridgePort: async ({ bridgePort }) => {
      if (!bridgePort) throw plain('no bridge port');
      ports.add(bridgePort.name);
      return { name: bridgePort.name };
    },
    DeleteBridgePort: async ({ name }) => {
      if (!ports.delete(name)) throw plain(`no port ${name}`);
      return {};
    },
    GetBridgePort: unimplemented,
    ListBridgePorts: unimplemented,
    UpdateBridgePort: unimplemented,
  });
  const empty = async () => ({});
  addUnaryService(server, networkFunctionService, { CreateNetworkFunction: empty, DeleteNetworkFunction: empty });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return { close: () => server.forceShutdown() };
}
